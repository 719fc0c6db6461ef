/** Calls of the routes of batches, templates and planned mail: see route-calls.ts. */
import type { Prepare } from './route-call.ts';

const batch = {
  from: 'care@clinic.example',
  subject: 'Hello',
  text: 'Dear {{ name }}',
  recipients: [{ email: 'ana@example.org', name: 'Ana' }],
};

const planned = { ...batch, sendAt: new Date(Date.now() + 3_600_000).toISOString() };
const template = { name: 'Visit', subject: 'Hello {{ name }}', html: null, text: 'Dear {{ name }}' };
let templates = 0;
const newTemplate = () => {
  templates += 1;
  return { ...template, name: `Visit ${templates}` };
};

export const batchCalls: Readonly<Record<string, Prepare>> = {
  sendBatch: () => ({ body: batch }),
  listPlanned: () => ({}),
  planAnew: async ({ make }) => ({
    params: { id: (await make('POST', '/v1/batches', planned)).id },
    body: { sendAt: null },
  }),
  listTemplates: () => ({}),
  createTemplate: () => ({ body: newTemplate() }),
  readTemplate: async ({ make }) => ({ params: { id: (await make('POST', '/v1/templates', newTemplate())).id } }),
  changeTemplate: async ({ make }) => ({
    params: { id: (await make('POST', '/v1/templates', newTemplate())).id },
    body: { subject: 'Hello again' },
  }),
  deleteTemplate: async ({ make }) => ({ params: { id: (await make('POST', '/v1/templates', newTemplate())).id } }),
  previewTemplate: async ({ make }) => ({
    params: { id: (await make('POST', '/v1/templates', newTemplate())).id },
    body: { data: { name: 'Ana' } },
  }),
  previewWords: () => ({ body: { subject: 'Hello {{ name }}', text: 'Dear {{ name }}', data: { name: 'Ana' } } }),
  readBatch: async ({ make }) => ({ params: { id: (await make('POST', '/v1/batches', batch)).id } }),
};
