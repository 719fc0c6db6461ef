/**
 * What is kept of an answer for when its request comes again. Ids lead to the rest: addresses lie with the recipients,
 * under the message's key, and end with it.
 */
import type { Accepted } from '../contract/messages.ts';
import type { AccountVault, Sealer } from '../platform/vault.ts';

const purpose = 'idempotency.response';

/** As it was given, or what of it is kept. */
export interface StoredAnswer {
  readonly id: string;
  readonly warnings?: string[] | undefined;
  /** Only in answers that older versions kept. */
  readonly recipients?: Accepted['recipients'];
  /** How many, in answers that name none: those of batches. */
  readonly accepted?: number;
}

export const withoutRecipients = ({ recipients: _, ...answer }: Accepted): StoredAnswer => answer;

export const sealStoredAnswer = (vault: Pick<AccountVault, 'seal'>, answer: StoredAnswer): Buffer =>
  vault.seal(purpose, JSON.stringify(answer));

export const readStoredAnswer = (vault: Pick<AccountVault, 'open'>, sealed: Buffer): StoredAnswer =>
  JSON.parse(vault.open(purpose, sealed).toString()) as StoredAnswer;

/** It is given again as it was kept. */
export const isWhole = ({ recipients, accepted }: StoredAnswer): boolean =>
  recipients !== undefined || accepted !== undefined;

/** Of one message, in the order in which they were named. */
export interface AnsweredRecipient {
  readonly id: string;
  readonly addressSealed: Buffer;
}

/** The same answer as the first time; of an erased message without addresses. */
export function answerAgain(
  { id, ...others }: StoredAnswer,
  recipients: readonly AnsweredRecipient[],
  sealer: Sealer | null,
): Accepted {
  const emailOf = ({ addressSealed }: AnsweredRecipient): string =>
    sealer === null ? '' : sealer.open('recipient.address', addressSealed).toString();
  const named = recipients.map((one) => ({ id: one.id, email: emailOf(one), status: 'queued' as const }));
  return { id, recipients: named, ...others };
}
