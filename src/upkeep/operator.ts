/** Which account runs the installation: the oldest, made at its first start. Others learn of themselves alone. */
import { listAccounts } from '../accounts/index.ts';
import type { Database } from '../platform/database.ts';

export const operatorAccount = async (db: Database): Promise<string | undefined> =>
  (await listAccounts(db))[0]?.accountId;

export const isOperator = async (db: Database, accountId: string): Promise<boolean> =>
  (await operatorAccount(db)) === accountId;
