/** Every endpoint of the API, in the order in which the documentation tells them. */
import {
  createApiKey,
  endSession,
  listApiKeys,
  openSession,
  readSession,
  revokeApiKey,
  rotateApiKey,
} from './access.ts';
import { alertEndpoints } from './alerts.ts';
import { exportAudit, exportAuditEntries, listAuditEntries, readAuditActivity, readAuditKey } from './audit.ts';
import { batchEndpoints } from './batches.ts';
import { draftEndpoints } from './drafts.ts';
import { emergencyEndpoints } from './emergency.ts';
import type { Endpoint } from './endpoint.ts';
import { forgetScannerHabit, forgetScannerHabits, listScannerHabits } from './habits.ts';
import { eraseMessage, listMessageEvents, listMessages, readMessage, sendMessage } from './messages.ts';
import { readNetworks, refreshNetworks } from './networks.ts';
import { peopleEndpoints } from './people.ts';
import { plannedEndpoints } from './planned.ts';
import {
  changeProviderConnection,
  checkProviderAddress,
  createProviderConnection,
  deleteProviderConnection,
  importProviderEvents,
  listProviderConnections,
  receiveProviderEvents,
} from './providers.ts';
import { provisioningEndpoints } from './provisioning.ts';
import { queueEndpoints } from './queue.ts';
import {
  cancelRejudgement,
  listFlips,
  listRejudgements,
  listRules,
  readRejudgement,
  startRejudgement,
} from './rejudging.ts';
import { listReportRecipients, readActivity, readEngagement } from './reports.ts';
import { retentionEndpoints } from './retention.ts';
import { routeEndpoints } from './routes.ts';
import { senderEndpoints } from './senders.ts';
import { changeOutboundSettings, readOutboundSettings, readTrackingConsent, setTrackingConsent } from './settings.ts';
import { signInEndpoints } from './sign-in.ts';
import { singleSignOnEndpoints } from './single-sign-on.ts';
import { suppressionEndpoints } from './suppressions.ts';
import { templateEndpoints } from './templates.ts';
import { readTlsReports, receiveTlsReport } from './tls-reports.ts';
import { transportEndpoints } from './transport.ts';
import { unsubscribingEndpoints } from './unsubscribing.ts';
import { safetyEndpoints } from './upkeep.ts';
import { judgeObservations } from './verdicts.ts';
import { webhookEndpoints } from './webhooks.ts';

export const endpoints: readonly Endpoint[] = [
  sendMessage,
  ...batchEndpoints,
  listMessages,
  readMessage,
  listMessageEvents,
  eraseMessage,
  ...plannedEndpoints,
  ...queueEndpoints,
  readEngagement,
  readActivity,
  listReportRecipients,
  readOutboundSettings,
  changeOutboundSettings,
  readTrackingConsent,
  setTrackingConsent,
  ...suppressionEndpoints,
  ...unsubscribingEndpoints,
  judgeObservations,
  listScannerHabits,
  forgetScannerHabits,
  forgetScannerHabit,
  readNetworks,
  refreshNetworks,
  listRules,
  startRejudgement,
  listRejudgements,
  readRejudgement,
  listFlips,
  cancelRejudgement,
  listAuditEntries,
  exportAuditEntries,
  exportAudit,
  readAuditActivity,
  readAuditKey,
  listProviderConnections,
  createProviderConnection,
  changeProviderConnection,
  deleteProviderConnection,
  checkProviderAddress,
  receiveProviderEvents,
  importProviderEvents,
  listApiKeys,
  createApiKey,
  rotateApiKey,
  revokeApiKey,
  openSession,
  readSession,
  endSession,
  ...signInEndpoints,
  ...peopleEndpoints,
  ...provisioningEndpoints,
  ...retentionEndpoints,
  ...singleSignOnEndpoints,
  ...alertEndpoints,
  ...emergencyEndpoints,
  ...safetyEndpoints,
  ...draftEndpoints,
  ...senderEndpoints,
  readTlsReports,
  receiveTlsReport,
  ...templateEndpoints,
  ...transportEndpoints,
  ...routeEndpoints,
  ...webhookEndpoints,
];
