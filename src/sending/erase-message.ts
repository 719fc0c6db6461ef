/**
 * Erases a message: its key first, without which no copy of its content can be read, then all that names its recipients.
 * What was counted stays counted. It ends in a certificate that anybody with the public key can check.
 */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import { type ErasureCertificate, type ErasureClaim, erasureText } from '../core/sending/erasure.ts';
import { cancelDeliveries } from '../delivery/index.ts';
import { eraseDetails } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import { installationSigner } from '../platform/signing.ts';
import type { World } from '../platform/world.ts';
import {
  deleteKeyAndContent,
  forgetAnswers,
  lockMessage,
  markErased,
  readErasure,
  storeErasure,
} from './erasure-store.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

const notCovered =
  'Copies outside this installation: what was delivered, and backups of the database made before this moment.';

/** A message that is erased already gives the certificate it has. */
export async function eraseMessage(world: Needs, caller: Caller, messageId: string): Promise<ErasureCertificate> {
  const vault = await accountVault(world, caller.accountId);
  const account = { accountId: caller.accountId, vault };
  return world.db.asAccount(caller.accountId, async (tx) => {
    const message = await lockMessage(tx, messageId);
    if (message === undefined) throw new Problem('message.not_found');
    const earlier = await readErasure(tx, messageId);
    if (earlier !== undefined) return earlier;
    const now = world.clock.now();
    const keys = await deleteKeyAndContent(tx, messageId);
    await markErased(tx, messageId, now);
    const { queued, attempts } = await cancelDeliveries(tx, account, messageId, now);
    const eventDetails = await eraseDetails(tx, account, messageId);
    await forgetAnswers(tx, account, messageId);
    const { recipients, acceptedAt } = message;
    const erased = { keys, recipients, eventDetails, attempts, queued };
    const about = { account: caller.accountId, message: messageId, erased, notCovered };
    const times = { acceptedAt: acceptedAt.toISOString(), erasedAt: now.toISOString() };
    const certificate = certify(world, { type: 'erasure', ...about, ...times });
    await storeErasure(tx, messageId, now, certificate);
    await writeEntry(tx, caller, messageId, now, recipients);
    return certificate;
  });
}

function certify(world: Needs, claim: Omit<ErasureClaim, 'key'>): ErasureCertificate {
  const signer = installationSigner(world.vault);
  const full: ErasureClaim = { ...claim, key: signer.keyId };
  return { ...full, signature: signer.sign(erasureText(full)) };
}

const writeEntry = (tx: Tx, caller: Caller, id: string, at: Date, recipients: number): Promise<void> =>
  record(tx, {
    at,
    actor: caller.actor,
    action: 'message.erased',
    object: { kind: 'message', id },
    detail: { recipients },
  });
