/** Takes a list from a file, for installations that reach no publisher. What cannot be a list is refused here too. */
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
  await world.db.asWorker((tx) => storeContent(tx, name, made, now, new Date(now.getTime() + nextCheckMs)));
  return compiled;
}

/** Back to what comes with the program, until its publisher is asked again. False: there was nothing to forget. */
export const forgetList = ({ db }: Pick<World, 'db'>, name: ListName): Promise<boolean> =>
  db.asWorker((tx) => forgetContent(tx, name));
