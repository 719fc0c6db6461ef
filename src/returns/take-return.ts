/**
 * What one piece of returned mail changes, in one transaction: the report itself, the event, the recipient's status, the
 * suppression list. When it has answered, all of that is on disk. It answers nobody: mail about mail is never replied to.
 */
import { createHash } from 'node:crypto';
import { accountVault } from '../accounts/index.ts';
import { type Returned, readReturn } from '../core/returns/read-return.ts';
import { bounceKinds } from '../core/returns/reason.ts';
import { type AccountKeys, recordDeliveries, recordReturn } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { AccountVault, Sealer } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { noteReturn } from '../suppressions/index.ts';
import { rejudgeRecipients } from '../tracking/index.ts';
import { findOwner, insertReturn, type ReturnOwner, readSource } from './store.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

/** `early`: the copy is not recorded as sent yet; it may come again in a moment. */
export type Taken = 'taken' | 'taken-before' | 'early' | 'nobody';

export async function takeReturn(world: Needs, handle: Uint8Array, octets: Buffer): Promise<Taken> {
  const owner = await findOwner(world.db, handle);
  if (owner === undefined) return 'nobody';
  const vault = await accountVault(world, owner.accountId);
  const at = world.clock.now();
  return world.db.asAccount(owner.accountId, (tx) => store(tx, { owner, vault, octets, at }));
}

interface Report {
  readonly owner: ReturnOwner;
  readonly vault: AccountVault;
  readonly octets: Buffer;
  readonly at: Date;
}

async function store(tx: Tx, report: Report): Promise<Taken> {
  const { owner, vault, octets, at } = report;
  const source = await readSource(tx, owner);
  if (source === undefined) return 'nobody';
  if (source.isQueued) return 'early';
  const sealer = source.keySealed === null ? null : vault.openMessageKey(source.keySealed);
  const address = sealer?.open('recipient.address', source.addressSealed).toString() ?? null;
  const returned = readReturn(octets, address);
  const isNew = await insertReturn(tx, {
    ...owner,
    id: newId(at),
    receivedAt: at,
    what: returned.what,
    digest: vault.index('return', digestOf(octets)),
    contentSealed: sealer?.seal('return.content', octets) ?? null,
  });
  if (!isNew) return 'taken-before';
  await recordWhatItSays(tx, report, returned, { address, sealer });
  return 'taken';
}

/** The same report sent again has other trace fields on top (RFC 5321 §4.4), and nothing else is another. */
function digestOf(octets: Buffer): string {
  const trace =
    /^(?:(?:received|return-path|delivered-to|x-original-to|authentication-results)[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*)+/i;
  const text = octets.toString('latin1');
  return createHash('sha256')
    .update(text.slice(trace.exec(text)?.[0].length ?? 0), 'latin1')
    .digest('hex');
}

/** With the message's key; both null: it is erased. */
interface Opened {
  readonly address: string | null;
  readonly sealer: Sealer | null;
}

async function recordWhatItSays(
  tx: Tx,
  { owner, vault, at }: Report,
  returned: Returned,
  { address, sealer }: Opened,
): Promise<void> {
  const account: AccountKeys = { accountId: owner.accountId, vault };
  const { recipientId } = owner;
  if (returned.what === 'noted') return;
  const detail = { host: null, reply: address === null ? null : saidBy(returned), why: sentenceOf(returned) };
  if (returned.what === 'bounced') {
    const outcome = { recipientId, kind: 'bounced' as const, at, detail, sealer };
    const { hitBefore } = await recordDeliveries(tx, account, [outcome]);
    if (hitBefore.length > 0) await rejudgeRecipients(tx, account, hitBefore, at);
  } else await recordReturn(tx, account, { ...owner, type: returned.what, at, detail, sealer });
  if (address === null) return;
  if (returned.what === 'bounced')
    await noteReturn(tx, vault, { kind: 'bounce', bounce: returned.bounce, address, at });
  if (returned.what === 'complained') await noteReturn(tx, vault, { kind: 'complaint', address, at });
}

const saidBy = (returned: Returned): string | null =>
  'said' in returned ? (returned.said?.slice(0, 1_000) ?? null) : null;

function sentenceOf(returned: Exclude<Returned, { what: 'noted' }>): string {
  if (returned.what === 'bounced') return `Came back: ${bounceKinds[returned.bounce]}`;
  if (returned.what === 'delayed')
    return 'The receiving server has it and has not delivered it yet; it goes on trying.';
  if (returned.what === 'complained') return 'The recipient called it unwanted, and their provider told us.';
  if (returned.what === 'auto-replied') return 'A machine answered in the recipient’s place.';
  return 'A person answered to the address for bounces; the answer is kept with this message.';
}
