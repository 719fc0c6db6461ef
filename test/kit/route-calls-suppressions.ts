/** Calls of the suppression list and of the unsubscribe page, as route-calls.ts has them for every other route. */
import type { Stage } from './route-stage.ts';

const plain = () => ({});

export const suppressionCalls = {
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
