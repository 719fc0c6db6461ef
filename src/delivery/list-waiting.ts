/**
 * Who waits for a destination or of a message, with what was last said of each. Addresses and servers' own words are for
 * callers who may read messages; others see which messages wait, and why.
 */
import { accountVault } from '../accounts/index.ts';
import { record, shownUnderEmergency } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { WaitingRecipient } from '../contract/queue.ts';
import { dimensionIndex } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import { openOfMessage } from '../platform/message-seal.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { wordsOf } from './describe-destination.ts';
import { findDomain, readNames, readWaiting, type WaitingRow } from './queue-store.ts';
import { comparableDomain } from './read-destination.ts';

interface Asked {
  readonly destination?: string | undefined;
  readonly messageId?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export async function listWaiting(world: World, caller: Caller, asked: Asked) {
  const now = world.clock.now();
  const after = asked.cursor === undefined ? null : readCursor(asked.cursor);
  const vault = await accountVault(world, caller.accountId);
  const showsPeople = caller.permissions === undefined || caller.permissions.includes('messages.read');
  return world.db.asAccount(caller, async (tx) => {
    const of = await placeOf(tx, vault, asked);
    const rows = of === undefined ? [] : await readWaiting(tx, of, { after, limit: asked.limit + 1 }, now);
    const shown = rows.slice(0, asked.limit);
    const names = await readNames(tx, [...new Set(shown.flatMap((row) => [row.domainId, row.campaignId]))]);
    const nameOf = (id: number): string => {
      const sealed = names.get(id);
      return sealed === undefined ? '' : vault.open('dimension.value', sealed).toString();
    };
    const recipients = shown.map((row) => ({
      ...waitingBody(row, nameOf),
      ...(showsPeople ? peopleBody(row, vault) : {}),
    }));
    const ids = { recipientIds: shown.map(({ recipientId }) => recipientId) };
    await record(tx, {
      ...{ at: now, actor: caller.actor, action: 'queue.recipients_listed' },
      object: { kind: 'queue', ...(asked.messageId === undefined ? {} : { id: asked.messageId }) },
      detail: { recipients: shown.length, addresses: showsPeople, ...shownUnderEmergency(caller.actor, ids) },
    });
    return { recipients, nextCursor: rows.length > shown.length ? (shown.at(-1)?.recipientId ?? null) : null };
  });
}

async function placeOf(tx: Tx, vault: AccountVault, { destination, messageId }: Asked) {
  if (messageId !== undefined) return { messageId };
  const domainId = await findDomain(tx, dimensionIndex(vault, 'domain', comparableDomain(destination ?? '')));
  return domainId === undefined ? undefined : { domainId };
}

function readCursor(cursor: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(cursor)) throw new Problem('request.bad_cursor');
  return cursor;
}

function waitingBody(row: WaitingRow, nameOf: (id: number) => string): WaitingRecipient {
  const isWaiting = row.state !== 'held' && row.state !== 'in-flight';
  return {
    ...{ recipientId: row.recipientId, messageId: row.messageId, state: row.state, attempts: row.attempts },
    email: null,
    domain: nameOf(row.domainId),
    campaign: nameOf(row.campaignId) || null,
    queuedAt: row.queuedAt.toISOString(),
    nextAttemptAt: isWaiting ? row.dueAt.toISOString() : null,
    last: lastBody(row, null),
  };
}

const lastBody = ({ lastAt, lastWhy, lastReplyCode }: WaitingRow, reply: string | null): WaitingRecipient['last'] =>
  lastAt === null ? null : { at: lastAt.toISOString(), why: wordsOf(lastWhy ?? ''), replyCode: lastReplyCode, reply };

function peopleBody(row: WaitingRow, vault: AccountVault): Pick<WaitingRecipient, 'email' | 'last'> {
  if (row.keySealed === null) return { email: null, last: lastBody(row, null) };
  const message = vault.openMessageKey(row.keySealed);
  const { lastReplySealed: sealed } = row;
  const said = sealed === null ? null : openOfMessage({ account: vault, message }, 'attempt.reply', sealed);
  const reply = said?.toString() ?? null;
  return { email: message.open('recipient.address', row.addressSealed).toString(), last: lastBody(row, reply) };
}
