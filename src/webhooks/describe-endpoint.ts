/** An endpoint as those who manage it are told of it, and its sealed parts. */
import type { WebhookEndpoint } from '../contract/webhooks.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { EndpointRow } from './store.ts';

export const sealUrl = (vault: AccountVault, url: string): Buffer => vault.seal('webhook.url', url);
export const openUrl = (vault: AccountVault, sealed: Buffer): string => vault.open('webhook.url', sealed).toString();
export const sealSecret = (vault: AccountVault, secret: string): Buffer => vault.seal('webhook.secret', secret);
export const openSecret = (vault: AccountVault, sealed: Buffer): string =>
  vault.open('webhook.secret', sealed).toString();

interface SecretsSealed {
  readonly secretSealed: Buffer;
  readonly earlierSecretSealed: Buffer | null;
  readonly earlierSecretEndsAt: Date | null;
}

/** Those that sign now, the newest first. */
export function secretsInForce(vault: AccountVault, row: SecretsSealed, now: Date): string[] {
  const { secretSealed, earlierSecretSealed: earlier, earlierSecretEndsAt: endsAt } = row;
  const isOverlap = earlier !== null && endsAt !== null && endsAt > now;
  return [openSecret(vault, secretSealed), ...(isOverlap ? [openSecret(vault, earlier)] : [])];
}

const told = (moment: Date | null): string | null => moment?.toISOString() ?? null;

export const describeEndpoint = (vault: AccountVault, row: EndpointRow, now: Date): WebhookEndpoint => ({
  id: row.id,
  description: row.description,
  url: openUrl(vault, row.urlSealed),
  eventTypes: [...row.eventTypes],
  departmentId: row.departmentId,
  isEnabled: row.isEnabled,
  disabledBecause: row.disabledBecause,
  disabledAt: told(row.disabledAt),
  failingSince: told(row.failingSince),
  nextTryAt: told(row.nextAt),
  lastSequence: row.lastSequence,
  secondSecretEndsAt:
    row.earlierSecretSealed !== null && row.earlierSecretEndsAt !== null && row.earlierSecretEndsAt > now
      ? told(row.earlierSecretEndsAt)
      : null,
  createdAt: row.createdAt.toISOString(),
  changedAt: row.changedAt.toISOString(),
});
