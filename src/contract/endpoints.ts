/** Every endpoint of the API, in the order in which the documentation tells them. */
import { createApiKey, endSession, listApiKeys, openSession, readSession, revokeApiKey } from './access.ts';
import { exportAudit, readAuditKey } from './audit.ts';
import type { Endpoint } from './endpoint.ts';
import { eraseMessage, listMessageEvents, listMessages, readMessage, sendMessage } from './messages.ts';
import { listReportRecipients, readActivity, readEngagement } from './reports.ts';
import { changeOutboundSettings, readOutboundSettings, readTrackingConsent, setTrackingConsent } from './settings.ts';
import { judgeObservations } from './verdicts.ts';

export const endpoints: readonly Endpoint[] = [
  sendMessage,
  listMessages,
  readMessage,
  listMessageEvents,
  eraseMessage,
  readEngagement,
  readActivity,
  listReportRecipients,
  readOutboundSettings,
  changeOutboundSettings,
  readTrackingConsent,
  setTrackingConsent,
  judgeObservations,
  exportAudit,
  readAuditKey,
  listApiKeys,
  createApiKey,
  revokeApiKey,
  openSession,
  readSession,
  endSession,
];
