/** SQL of what holds for mail: the account's settings and what departments say themselves, in one trip. It decides nothing. */
import type { OutboundSettings } from '../../contract/settings.ts';
import type { PolicyHolder } from '../../core/access/department-policy.ts';
import { sql, type Tx } from '../../platform/database.ts';
import { readSettingsRow, settingColumnList } from '../store.ts';
import { policyHoldersAbove } from './people-store.ts';

export interface MailPolicies {
  readonly settings: OutboundSettings;
  /** These departments and all above them. */
  readonly holders: readonly PolicyHolder[];
}

export async function readSettingsWithPolicies(tx: Tx, departmentIds: readonly string[]): Promise<MailPolicies> {
  if (departmentIds.length === 0) return { settings: await readSettingsRow(tx, false), holders: [] };
  const rows = await tx.query<OutboundSettings & { holders: PolicyHolder[] }>(sql`
    SELECT ${settingColumnList},
           (SELECT coalesce(json_agg(h), '[]') FROM (${policyHoldersAbove(departmentIds)}) h) AS holders
      FROM account_settings WHERE account_id = current_account()`);
  if (rows[0] === undefined) throw new Error('an account has no settings');
  const { holders, ...settings } = rows[0];
  return { settings, holders };
}
