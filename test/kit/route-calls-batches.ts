/** Calls of the routes of batches, templates and planned mail: see route-calls.ts. */
import type { Stage } from './route-stage.ts';

interface Call {
  readonly params?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

const batch = {
  from: 'care@clinic.example',
  subject: 'Hello',
  text: 'Dear {{ name }}',
  recipients: [{ email: 'ana@example.org', name: 'Ana' }],
};

export const batchCalls: Readonly<Record<string, (stage: Stage) => Promise<Call> | Call>> = {
  sendBatch: () => ({ body: batch }),
  readBatch: async ({ make }) => ({ params: { id: (await make('POST', '/v1/batches', batch)).id } }),
};
