/** SQL of the wrapping keys that an account got since its first, which is derived from its own key. */
import { sql, type Tx } from '../platform/database.ts';

export const readWrappingKeys = (tx: Tx): Promise<{ version: number; keySealed: Buffer; inForceAt: Date }[]> =>
  tx.query(sql`
    SELECT version, sealed_key AS "keySealed", in_force_at AS "inForceAt" FROM account_keys
     WHERE account_id = current_account() ORDER BY version`);
