/**
 * Erases a message: its key first, without which no copy of its content can be read, then all that names its recipients.
 * What was counted stays counted. It ends in a certificate that anybody with the public key can check.
 */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import { type ErasureCertificate, type ErasureClaim, erasureText } from '../core/sending/erasure.ts';
import { cancelDeliveries } from '../delivery/index.ts';
import { type AccountKeys, eraseDetails, feedErased } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { Caller } from '../platform/route.ts';
import { installationSigner } from '../platform/signing.ts';
import { nullWhenBroken, type Sealer } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import {
  announceErasure,
  deleteKeyAndContent,
  forgetAnswers,
  hasKeyCopies,
  isMessageOf,
  lockHolds,
  lockMessage,
  markErased,
  readErasure,
  storeErasure,
  whyKept,
} from './erasure-store.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

/** What is said of every message. */
const notCovered =
  'Copies outside this installation: what was delivered, and copies of the database that were not made by waxwing backup. ' +
  'What stays on purpose: counts with the names that they are counted by (campaign, sender, recipient domains, addresses of ' +
  'links), verdicts with their evidence but without address and agent, and addresses on lists of the account that outlive a ' +
  'message (suppressions, consents).';
/** Where something of it was stored readable or under the account's key, as older versions did. */
const notCoveredOlder =
  ' Parts of it were stored by an older version. In backups made before, until they are removed: what receiving servers ' +
  'answered and what they are called, addresses and agents of opens and clicks, and answers to repeated requests.';
/** Copies of keys beside a backup end after so long; until then a copy of the message could be read with one. */
const keyCopyMs = 7 * 86_400_000;

/** What came of asking for a message's end. Refusals leave everything as it was. */
export type Erasing =
  | { readonly kind: 'erased'; readonly certificate: ErasureCertificate }
  | { readonly kind: 'erased_before'; readonly certificate: ErasureCertificate }
  | { readonly kind: 'refused'; readonly why: 'on_hold' | 'kept_by_policy' }
  | { readonly kind: 'not_found' };

/** A message that is erased already gives the certificate it has. */
export async function eraseMessage(world: Needs, caller: Caller, messageId: string): Promise<ErasureCertificate> {
  const account = { accountId: caller.accountId, vault: await accountVault(world, caller.accountId) };
  const erasing = await world.db.asAccount(caller, async (tx): Promise<Erasing> => {
    if (!(await isMessageOf(tx, messageId, caller.departments))) return { kind: 'not_found' };
    const outcome = await eraseUnlessKept(tx, world, account, messageId);
    if (outcome.kind === 'erased')
      await writeEntry(tx, caller, messageId, world.clock.now(), outcome.certificate.erased.recipients);
    if (outcome.kind === 'refused') await writeRefusal(tx, caller, messageId, world.clock.now(), outcome.why);
    return outcome;
  });
  if (erasing.kind === 'not_found') throw new Problem('message.not_found');
  if (erasing.kind === 'refused') throw new Problem(`message.${erasing.why}`);
  return erasing.certificate;
}

/**
 * Erases, unless a legal hold or the account's shortest time keeps it: both are looked at under locks that whoever places
 * a hold waits for, before anything is touched. The audit entry is the caller's.
 */
export async function eraseUnlessKept(
  tx: Tx,
  world: Pick<World, 'vault' | 'clock'>,
  account: AccountKeys,
  messageId: string,
): Promise<Erasing> {
  await lockHolds(tx);
  await announceErasure(tx);
  const message = await lockMessage(tx, messageId);
  if (message === undefined) return { kind: 'not_found' };
  const earlier = await readErasure(tx, messageId);
  if (earlier !== undefined) return { kind: 'erased_before', certificate: earlier };
  const now = world.clock.now();
  const why = await whyKept(tx, messageId, now);
  if (why !== undefined) return { kind: 'refused', why };
  const { recipients, acceptedAt } = message;
  const { areOlder, ...counts } = await eraseAll(tx, account, messageId, now);
  const about = { account: account.accountId, message: messageId, erased: { recipients, ...counts } };
  const unreadableFrom = new Date(now.getTime() + ((await hasKeyCopies(tx, now)) ? keyCopyMs : 0)).toISOString();
  const times = { acceptedAt: acceptedAt.toISOString(), erasedAt: now.toISOString(), unreadableFrom };
  const certificate = certify(world, {
    ...{ type: 'erasure', ...about, ...times },
    notCovered: areOlder ? notCovered + notCoveredOlder : notCovered,
  });
  await storeErasure(tx, messageId, now, certificate);
  await feedErased(tx, { id: newId(now), messageId, at: now });
  return { kind: 'erased', certificate };
}

async function eraseAll(tx: Tx, account: AccountKeys, messageId: string, at: Date) {
  const keySealed = await deleteKeyAndContent(tx, messageId);
  await markErased(tx, messageId, at);
  const { queued, attempts, ...ofReplies } = await cancelDeliveries(tx, account, messageId, at);
  const sealer = keySealed === undefined ? null : openedKey(account.vault, keySealed);
  const { eventDetails, ...ofDetails } = await eraseDetails(tx, account, messageId, sealer);
  const areAnswersOlder = await forgetAnswers(tx, account, messageId);
  const areOlder = ofReplies.areOlder || ofDetails.areOlder || areAnswersOlder;
  return { keys: keySealed === undefined ? 0 : 1, eventDetails, attempts, queued, areOlder };
}

function openedKey(vault: AccountKeys['vault'], keySealed: Buffer): Sealer | null {
  try {
    return vault.openMessageKey(keySealed);
  } catch (error) {
    return nullWhenBroken(error);
  }
}

/**
 * After a restore: does again what the certificate says was done. False: the message is not here, or erased already. Holds
 * are not asked: when it was erased none covered it, and what came back was not to be there.
 */
export async function eraseAgain(world: Needs, certificate: ErasureCertificate): Promise<boolean> {
  const { account: accountId, message: messageId } = certificate;
  const account = { accountId, vault: await accountVault(world, accountId) };
  const erasedAt = new Date(certificate.erasedAt);
  return world.db.asAccount(accountId, async (tx) => {
    const message = await lockMessage(tx, messageId);
    if (message === undefined || (await readErasure(tx, messageId)) !== undefined) return false;
    await eraseAll(tx, account, messageId, erasedAt);
    await storeErasure(tx, messageId, erasedAt, certificate);
    const caller = { accountId, actor: { kind: 'system', id: 'restore' } } as const;
    await writeEntry(tx, caller, messageId, world.clock.now(), message.recipients);
    return true;
  });
}

function certify(world: Pick<World, 'vault'>, claim: Omit<ErasureClaim, 'key'>): ErasureCertificate {
  const signer = installationSigner(world.vault);
  const full: ErasureClaim = { ...claim, key: signer.keyId };
  return { ...full, signature: signer.sign(erasureText(full)) };
}

const writeEntry = (tx: Tx, caller: Pick<Caller, 'actor'>, id: string, at: Date, recipients: number): Promise<void> =>
  record(tx, {
    at,
    actor: caller.actor,
    action: 'message.erased',
    object: { kind: 'message', id },
    detail: { recipients },
  });

const writeRefusal = (
  tx: Tx,
  caller: Pick<Caller, 'actor'>,
  id: string,
  at: Date,
  why: 'on_hold' | 'kept_by_policy',
): Promise<void> =>
  record(tx, {
    at,
    actor: caller.actor,
    action: 'message.erasure_refused',
    object: { kind: 'message', id },
    detail: { why },
    outcome: 'refused',
  });
