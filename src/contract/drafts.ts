/** What somebody was typing in a form of the console when they had to stop: kept for them alone, sealed, for a week. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { instant, noQuery, nothing } from './values.ts';

const params = z.object({
  form: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,63}$/)
    .meta({ description: 'Which form: small letters, digits and hyphens, such as `invite`.' }),
});
const fields = z
  .record(z.string().max(100), z.string())
  .meta({ description: 'What stands in each field. Secrets do not belong here, and the console sends none.' });

export const saveDraft = endpoint({
  name: 'saveDraft',
  method: 'PUT',
  path: '/v1/drafts/{form}',
  summary: 'Keep what stands in a form, for the user of the session alone: 64 KiB at most, for seven days.',
  area: 'drafts',
  params,
  query: noQuery,
  body: z.object({ fields }),
  maxBodyBytes: 65_536,
  status: 200,
  result: z.object({ savedAt: instant, expiresAt: instant }),
  problems: ['draft.nobody', 'draft.too_many'],
});

export const readDraft = endpoint({
  name: 'readDraft',
  method: 'GET',
  path: '/v1/drafts/{form}',
  summary: 'What the user had typed into a form; null: nothing that is kept.',
  area: 'drafts',
  params,
  query: noQuery,
  body: nothing,
  status: 200,
  result: z.object({ draft: z.object({ fields, savedAt: instant }).nullable() }),
  problems: [],
});

export const deleteDraft = endpoint({
  name: 'deleteDraft',
  method: 'DELETE',
  path: '/v1/drafts/{form}',
  summary: 'Forget what the user had typed into a form.',
  area: 'drafts',
  params,
  query: noQuery,
  body: nothing,
  status: 204,
  result: nothing,
  problems: [],
});

export const draftEndpoints = [saveDraft, readDraft, deleteDraft];
