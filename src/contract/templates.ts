/** Letters that an account keeps to send again: subject, HTML and text as templates, with what they said before. */
import { z } from 'zod';
import { missingValues } from './batches.ts';
import { endpoint } from './endpoint.ts';
import { templateData } from './messages.ts';
import { givenName, id, instant, noParams, noQuery, nothing } from './values.ts';

const params = z.object({ id });
const name = givenName(200);
const words = {
  subject: z.string().max(2_000),
  html: z.string().max(1_000_000).nullable(),
  text: z.string().max(1_000_000).nullable(),
};

const summary = z.object({
  id,
  name: z.string(),
  version: z
    .int()
    .meta({ description: 'Counts up with each change. Mail goes out as its version was when it was accepted.' }),
  createdAt: instant,
  updatedAt: instant,
});
export const template = summary.extend(words).meta({ id: 'Template' });
export type TemplateBody = z.infer<typeof template>;

const written = z.object({
  name,
  subject: words.subject,
  html: words.html.optional(),
  text: words.text.optional(),
});
export type WrittenTemplate = z.infer<typeof written>;

const maxBodyBytes = 8 * 1024 * 1024;

export const listTemplates = endpoint({
  name: 'listTemplates',
  method: 'GET',
  path: '/v1/templates',
  summary: 'The account’s templates, without their words, by the time of their last change. At most 200.',
  area: 'templates',
  accountWide: true,
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: z.object({ templates: z.array(summary) }),
  problems: [],
});

export const createTemplate = endpoint({
  name: 'createTemplate',
  method: 'POST',
  path: '/v1/templates',
  summary: 'Keep a letter to send again. It is refused where it is not well formed, with line and column.',
  area: 'templates',
  accountWide: true,
  params: noParams,
  query: noQuery,
  body: written,
  maxBodyBytes,
  status: 201,
  result: template,
  problems: ['template.syntax', 'template.name_taken', 'template.too_many', 'message.no_content'],
});

export const readTemplate = endpoint({
  name: 'readTemplate',
  method: 'GET',
  path: '/v1/templates/{id}',
  summary: 'A template as it is now, or as an earlier version was: the last 50 are kept.',
  area: 'templates',
  accountWide: true,
  params,
  query: z.object({ version: z.coerce.number().int().min(1).max(1_000_000_000).optional() }),
  body: nothing,
  status: 200,
  result: template,
  problems: ['template.not_found'],
});

export const changeTemplate = endpoint({
  name: 'changeTemplate',
  method: 'PATCH',
  path: '/v1/templates/{id}',
  summary: 'Change a template. Mail that was accepted before goes out as it was.',
  area: 'templates',
  accountWide: true,
  params,
  query: noQuery,
  body: written.partial(),
  maxBodyBytes,
  status: 200,
  result: template,
  problems: ['template.not_found', 'template.syntax', 'template.name_taken', 'message.no_content'],
});

export const deleteTemplate = endpoint({
  name: 'deleteTemplate',
  method: 'DELETE',
  path: '/v1/templates/{id}',
  summary: 'Delete a template with its versions. Mail that was accepted with it still goes out.',
  area: 'templates',
  accountWide: true,
  params,
  query: noQuery,
  body: nothing,
  status: 204,
  result: nothing,
  problems: ['template.not_found'],
});

const sample = { data: templateData.optional(), missing: missingValues.optional() };
const previewed = z.object({ subject: z.string(), html: z.string().nullable(), text: z.string().nullable() });
export type PreviewedTemplate = z.infer<typeof previewed>;

export const previewTemplate = endpoint({
  name: 'previewTemplate',
  method: 'POST',
  path: '/v1/templates/{id}/preview',
  summary:
    'What a template becomes with sample data. Words in the body stand in for those kept. Nothing is stored or sent.',
  area: 'templates',
  accountWide: true,
  params,
  query: noQuery,
  body: written.partial().extend(sample),
  maxBodyBytes,
  status: 200,
  result: previewed,
  problems: ['template.not_found', 'template.syntax', 'template.value_missing', 'template.value_unusable'],
});

export const previewWords = endpoint({
  name: 'previewWords',
  method: 'POST',
  path: '/v1/templates/preview',
  summary: 'What words that are no template yet become with sample data. Nothing is stored or sent.',
  area: 'templates',
  accountWide: true,
  params: noParams,
  query: noQuery,
  body: written.omit({ name: true }).extend(sample),
  maxBodyBytes,
  status: 200,
  result: previewed,
  problems: ['template.syntax', 'template.value_missing', 'template.value_unusable'],
});

export const templateEndpoints = [
  listTemplates,
  createTemplate,
  readTemplate,
  changeTemplate,
  deleteTemplate,
  previewTemplate,
  previewWords,
];
