/** The signed receipt of one recipient's copy: what policy asked and why, every attempt, every host. It changes nothing but the audit log. */
import { createHash } from 'node:crypto';
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import { reasons } from '../core/delivery/reasons.ts';
import { type Receipt, type ReceiptAttempt, type ReceiptClaim, receiptText } from '../core/delivery/receipt.ts';
import { type MessageKeys, openOfMessage } from '../platform/message-seal.ts';
import type { Caller } from '../platform/route.ts';
import { installationSigner } from '../platform/signing.ts';
import type { Sealer } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { type AttemptOfReceipt, type ReceiptRow, readAttempts, readRecipient } from './receipt-store.ts';
import { type ReleaseRow, readReleases } from './release-store.ts';
import { releaseTold } from './release-transport.ts';
import { openEvidence } from './stored-evidence.ts';

interface Asked {
  readonly messageId: string;
  readonly recipientId: string;
}

export async function readReceipt(
  world: Pick<World, 'db' | 'vault' | 'clock'>,
  caller: Caller,
  asked: Asked,
): Promise<Receipt> {
  const vault = await accountVault(world, caller.accountId);
  const found = await world.db.readAccount(caller, async (tx) => {
    const row = await readRecipient(tx, asked, caller.departments);
    if (row === undefined) return undefined;
    const attempts = await readAttempts(tx, asked.recipientId);
    return { row, attempts, releases: await readReleases(tx, asked.recipientId) };
  });
  if (found === undefined) throw new Problem('message.not_found');
  const at = world.clock.now();
  await world.db.asAccount(caller.accountId, (tx) =>
    record(tx, {
      ...{ at, actor: caller.actor, action: 'message.read' },
      ...{ object: { kind: 'message', id: asked.messageId }, detail: { what: 'receipt' } },
    }),
  );
  const signer = installationSigner(world.vault);
  const { keySealed } = found.row;
  const message = keySealed === null ? null : vault.openMessageKey(keySealed);
  const claim: ReceiptClaim = {
    ...{ type: 'receipt', account: caller.accountId, message: asked.messageId, recipient: asked.recipientId },
    ...opened(message, found.row),
    acceptedAt: found.row.acceptedAt.toISOString(),
    status: found.row.status,
    releases: found.releases.map((release) => releaseTold(release, reasonOf(message, release))),
    attempts: found.attempts.map((attempt) => told({ account: vault, message }, attempt)),
    issuedAt: at.toISOString(),
    key: signer.keyId,
  };
  return { ...claim, signature: signer.sign(receiptText(claim)) };
}

/** Of an erased message nothing opens any more. */
function opened(sealer: Sealer | null, { addressSealed, contentSealed }: ReceiptRow) {
  if (sealer === null) return { email: null, contentSha256: null };
  const content = contentSealed === null ? null : sealer.open('message.content', contentSealed);
  return {
    email: sealer.open('recipient.address', addressSealed).toString(),
    contentSha256: content === null ? null : createHash('sha256').update(content).digest('hex'),
  };
}

const reasonOf = (message: Sealer | null, { reasonSealed }: ReleaseRow): string | null =>
  message === null ? null : message.open('transport.release', reasonSealed).toString();

function told(keys: MessageKeys, attempt: AttemptOfReceipt): ReceiptAttempt {
  const { at, outcome, why, host, tls, replyCode, replySealed, evidenceSealed } = attempt;
  const evidence = openEvidence(keys, evidenceSealed);
  const text = replySealed === null ? null : (openOfMessage(keys, 'attempt.reply', replySealed)?.toString() ?? null);
  return {
    at: at.toISOString(),
    outcome,
    why: { code: why, text: (reasons as Readonly<Record<string, string>>)[why] ?? why },
    ...{ host: evidence?.host ?? host, tls },
    reply: replyCode === null ? null : { code: replyCode, text },
    route: evidence?.route ?? null,
    asked: evidence?.floor ?? null,
    released: evidence?.released ?? null,
    mtaSts: evidence?.mtaSts ?? null,
    tries: evidence?.tries ?? [],
    sentSha256: evidence?.sentSha256 ?? null,
  };
}
