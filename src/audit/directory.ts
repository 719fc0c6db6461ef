/** What the log asks of those who know an account's people: its vault, and what its ids are called. The composition root brings it. */
import type { AccountVault } from '../platform/vault.ts';

export interface Directory {
  vaultOf(accountId: string): Promise<AccountVault>;
  /** What users, API keys and departments of the account are called, by their ids. */
  namesOf(accountId: string): Promise<ReadonlyMap<string, string>>;
}
