/** Takes a list from a file, for installations that reach no publisher. What cannot be a list is refused here too. */
import { listAccounts } from '../accounts/index.ts';
import { type AuditEntry, record } from '../audit/index.ts';
import type { WorkerTx } from '../platform/database.ts';
import type { World } from '../platform/world.ts';
import { compileAside } from './compile-aside.ts';
import type { Compiled } from './compile-list.ts';
import type { ListName } from './lists.ts';
import { forgetContent, readContents, storeContent } from './store.ts';

export interface ImportedList {
  readonly name: ListName;
  readonly bytes: Uint8Array;
  /** When the publisher gave it. */
  readonly fetchedAt: Date;
  /** Until its publisher is asked again, where publishers are asked. */
  readonly nextCheckMs: number;
  readonly isForced: boolean;
}

export async function importList(world: Pick<World, 'db' | 'clock'>, list: ImportedList): Promise<Compiled> {
  const { name, bytes, fetchedAt, nextCheckMs, isForced } = list;
  const before = (await world.db.asWorker((tx) => readContents(tx, [name]))).get(name);
  const compiled = await compileAside({ name, bytes, before, isForced });
  if (compiled.kind === 'refused') return compiled;
  const { content, prefixes } = compiled;
  const now = world.clock.now();
  const made = { content, prefixes, source: 'import', etag: null, lastModified: null, fetchedAt };
  const by = await operatorOf(world);
  await world.db.asWorker(async (tx) => {
    await storeContent(tx, name, made, now, new Date(now.getTime() + nextCheckMs));
    await note(tx, by, { at: now, action: 'networks.imported', detail: { list: name, prefixes, forced: isForced } });
  });
  return compiled;
}

/** Back to what comes with the program, until its publisher is asked again. False: there was nothing to forget. */
export async function forgetList(world: Pick<World, 'db' | 'clock'>, name: ListName): Promise<boolean> {
  const by = await operatorOf(world);
  return world.db.asWorker(async (tx) => {
    const isForgotten = await forgetContent(tx, name);
    if (isForgotten)
      await note(tx, by, { at: world.clock.now(), action: 'networks.forgotten', detail: { list: name } });
    return isForgotten;
  });
}

/** Lists are everybody's; the account that runs the installation, its oldest, has the entry. */
const operatorOf = async ({ db }: Pick<World, 'db'>): Promise<string | undefined> =>
  (await listAccounts(db))[0]?.accountId;

type Noted =
  | Pick<AuditEntry<'networks.imported'>, 'at' | 'action' | 'detail'>
  | Pick<AuditEntry<'networks.forgotten'>, 'at' | 'action' | 'detail'>;

async function note(tx: WorkerTx, accountId: string | undefined, noted: Noted): Promise<void> {
  if (accountId === undefined) return;
  const whole = { actor: { kind: 'system', id: 'command-line' }, object: { kind: 'networks' } } as const;
  await tx.inAccount(accountId, (inside) =>
    noted.action === 'networks.imported'
      ? record(inside, { ...whole, ...noted })
      : record(inside, { ...whole, ...noted }),
  );
}
