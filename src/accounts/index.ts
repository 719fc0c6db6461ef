/** Accounts, who may act for them, and what they have chosen. */
import type { OutboundSettings } from '../contract/settings.ts';
import type { Database, Tx } from '../platform/database.ts';
import { readSettingsWithPolicies } from './people/policy-store.ts';
import { listAccounts as listAccountRows, readSettingsRow } from './store.ts';

export { accountVault, freshAccountVault, wrappingKeyGraceMs } from './account-vault.ts';
export { acknowledgeAlert, raiseAlert } from './alerts.ts';
export { auditDirectory } from './audit-directory.ts';
export { createAccount, createFirstAccount, type NewAccount } from './create-account.ts';
export { type DirectoryPerson, isSessionOpen, readDirectory, readRole } from './directory.ts';
export { type Gate, openGate } from './gate.ts';
export { departmentOfMail, isNarrowed } from './narrowing.ts';
export { lockPeople } from './people/people-store.ts';
export {
  addProvisionedUser,
  assertWithinReach,
  changeProvisionedUser,
  deactivateProvisionedUser,
  openProvisioner,
  type Provisioner,
  reactivateProvisionedUser,
} from './people/provisioned-users.ts';
export { settleProvisionedUsers } from './people/settle-users.ts';
export { userIndexOf } from './people/stored-address.ts';
export { type Visitor, visitorOf } from './place.ts';
export { covers } from './reach.ts';
export { accountRoutes } from './routes.ts';
export { forgetOldDrafts } from './sessions/drafts.ts';
export type { OpenedSession } from './sessions/open-session.ts';
export { requireSignOn } from './sign-in/required-sign-on.ts';
export { createSignInLink, type SignedIn } from './sign-in/sign-in.ts';
export { openedBody, sessionAnswer } from './sign-in/sign-in-routes.ts';
export {
  acceptBySignOn,
  assertMayGive,
  assertMayGiveRole,
  endSignOnSessions,
  findSignOnUser,
  hasDepartment,
  makeSignOnUser,
  openSignOnSession,
  placeBySignOn,
  proveBySignOn,
  readSignOnUser,
  type SignOnUser,
} from './sign-in/sign-on.ts';

/** The outbound settings of the transaction's account. */
export const readSettings = (tx: Tx): Promise<OutboundSettings> => readSettingsRow(tx, false);

/** The same, with what these departments and all above them say themselves, in one trip. */
export const readMailPolicies = readSettingsWithPolicies;

/** All accounts of the installation, oldest first. */
export const listAccounts = (db: Database): Promise<{ accountId: string; name: string }[]> =>
  db.asWorker(listAccountRows);
