/** Accounts, who may act for them, and what they have chosen. */
import type { OutboundSettings } from '../contract/settings.ts';
import type { Tx } from '../platform/database.ts';
import { readSettingsRow } from './store.ts';

export { accountVault } from './account-vault.ts';
export { createAccount, createFirstAccount, type NewAccount } from './create-account.ts';

/** The outbound settings of the transaction's account. */
export const readSettings = (tx: Tx): Promise<OutboundSettings> => readSettingsRow(tx, false);
