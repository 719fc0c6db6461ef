/** Adds, removes and reads sender domains, and makes new keys for one. It looks at no DNS. */
import { randomBytes } from 'node:crypto';
import { domainToASCII } from 'node:url';
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { Sender } from '../contract/senders.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { makeDkimKeys } from './dkim-keys.ts';
import { hereOf, type SenderNeeds, senderOf, summaryOf } from './sender.ts';
import { forgetSenders } from './signers.ts';
import {
  deleteSenderRow,
  findSenderRow,
  insertKey,
  insertSender,
  listKeyRows,
  listSenderRows,
  lockSenderRow,
  type SenderRow,
} from './store.ts';

const mostDomains = 200;
const proofBytes = 20;

/** As it stands in the DNS: lower case, ASCII, no dot at its end. */
export function readDomain(text: string): string {
  const name = domainToASCII(text.trim().replace(/\.$/, '')).toLowerCase();
  const isName = /^(?=.{4,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/.test(name);
  if (!isName) throw new Problem('sender_domain.invalid');
  return name;
}

/** For a path: what is no domain is none that the account has. */
export function knownDomain(text: string): string {
  try {
    return readDomain(text);
  } catch {
    throw new Problem('sender_domain.not_found');
  }
}

export async function addSender(world: World, needs: SenderNeeds, caller: Caller, text: string): Promise<Sender> {
  const domain = readDomain(text);
  const now = world.clock.now();
  const vault = await accountVault(world, caller.accountId);
  const row = { id: newId(now), domain, proof: randomBytes(proofBytes).toString('hex'), createdAt: now };
  const made = await makeDkimKeys(vault, row.id, now, new Set());
  await world.db.asAccount(caller.accountId, async (tx) => {
    if ((await listSenderRows(tx)).length >= mostDomains) throw new Problem('sender_domain.too_many');
    if (!(await insertSender(tx, row))) throw new Problem('sender_domain.exists');
    for (const key of made) await insertKey(tx, key.row, key.privateKeySealed);
    await note(tx, caller, now, 'sender_domain.added', row.id);
  });
  const keys = made.map((key) => key.row);
  return senderOf({ ...row, verifiedAt: null, checkedAt: null, report: null }, keys, await hereOf(needs));
}

type OwnAction = 'sender_domain.added' | 'sender_domain.removed' | 'sender_domain.keys_made';

const note = (tx: Tx, { actor }: Caller, at: Date, action: OwnAction, id: string): Promise<void> =>
  record(tx, { at, actor, action, object: { kind: 'sender-domain', id }, detail: {} });

export const listSenders = (world: World, { accountId }: Caller) =>
  world.db.readAccount(accountId, async (tx) => {
    const senders = [];
    for (const row of await listSenderRows(tx)) senders.push(summaryOf(row, await listKeyRows(tx, row.id)));
    return senders;
  });

export async function readSender(world: World, needs: SenderNeeds, caller: Caller, text: string): Promise<Sender> {
  const { row, keys } = await world.db.readAccount(caller.accountId, (tx) => load(tx, text));
  return senderOf(row, keys, await hereOf(needs));
}

/** Throws where the account has no such domain. */
export async function load(tx: Tx, text: string) {
  const row = await findSenderRow(tx, knownDomain(text));
  if (row === undefined) throw new Problem('sender_domain.not_found');
  return { row, keys: await listKeyRows(tx, row.id) };
}

export async function rotateKeys(world: World, needs: SenderNeeds, caller: Caller, text: string): Promise<Sender> {
  const vault = await accountVault(world, caller.accountId);
  const now = world.clock.now();
  const { row: before, keys: known } = await world.db.readAccount(caller.accountId, (tx) => load(tx, text));
  const made = await makeDkimKeys(vault, before.id, now, new Set(known.map(({ selector }) => selector)));
  const after = await world.db.asAccount(caller.accountId, async (tx) => {
    const row = await lockedRow(tx, before);
    const keys = await listKeyRows(tx, row.id);
    if (keys.some(({ seenAt }) => seenAt === null)) throw new Problem('sender_domain.rotating');
    for (const key of made) await insertKey(tx, key.row, key.privateKeySealed);
    await note(tx, caller, now, 'sender_domain.keys_made', row.id);
    return { row, keys: await listKeyRows(tx, row.id) };
  });
  return senderOf(after.row, after.keys, await hereOf(needs));
}

export async function lockedRow(tx: Tx, { id, domain }: Pick<SenderRow, 'id' | 'domain'>): Promise<SenderRow> {
  const row = await lockSenderRow(tx, domain);
  if (row?.id !== id) throw new Problem('sender_domain.not_found');
  return row;
}

export async function deleteSender(world: World, caller: Caller, text: string): Promise<void> {
  await world.db.asAccount(caller.accountId, async (tx) => {
    const id = await deleteSenderRow(tx, knownDomain(text));
    if (id === undefined) throw new Problem('sender_domain.not_found');
    await note(tx, caller, world.clock.now(), 'sender_domain.removed', id);
  });
  forgetSenders(world, caller.accountId);
}

/** The domain as it is kept; throws where the account has none of this name. */
export async function requireSender(tx: Tx, text: string): Promise<string> {
  return (await load(tx, text)).row.domain;
}
