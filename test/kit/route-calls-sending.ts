/** Calls of the queue, reports, consents, the suppression list and the unsubscribe page, as route-calls.ts has them for every other route. */
import type { Stage } from './route-stage.ts';

const plain = () => ({});
const withBody = (body: unknown) => () => ({ body });

export const sendingCalls = {
  readQueue: plain,
  readQueueDestination: () => ({ params: { domain: 'example.org' } }),
  listQueueRecipients: () => ({ query: '?destination=example.org' }),
  holdQueue: withBody({ destination: 'example.org' }),
  releaseQueue: withBody({ destination: 'example.org' }),
  cancelQueue: withBody({ campaign: 'a campaign that was a mistake' }),
  retryQueue: withBody({ destination: 'example.org' }),
  readEngagement: plain,
  readActivity: plain,
  listReportRecipients: () => ({ query: '?of=sent' }),
  setTrackingConsent: () => ({ params: { email: 'ana@example.org' }, body: { level: 'off' } }),
  readTrackingConsent: () => ({ params: { email: 'ana@example.org' } }),
  listSuppressions: plain,
  readSuppression: () => ({ params: { email: 'bo@example.org' } }),
  setSuppression: () => ({ params: { email: 'bo@example.org' }, body: {} }),
  deleteSuppression: async ({ make }: Stage) => {
    await make('PUT', '/v1/suppressions/cy@example.org', {});
    return { params: { email: 'cy@example.org' } };
  },
  importSuppressions: () => ({ body: { suppressions: [{ email: 'di@example.org' }] } }),
  exportSuppressions: plain,
  readUnsubscribePage: plain,
  setUnsubscribePage: () => ({ body: { organisation: 'Example Clinic', words: null } }),
};
