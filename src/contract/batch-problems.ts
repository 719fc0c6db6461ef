/** Refusals about batches, templates and planned mail. */
import { kind, type ProblemKind } from './problem-kind.ts';

export const batchProblems = {
  'batch.recipients_refused': kind(
    400,
    'Some recipients of the batch cannot be mailed, so nothing was sent.',
    'Correct those named in `errors`, or send the others alone with `"partial": true`.',
  ),
  'batch.duplicate_recipient': kind(
    400,
    'The same address with the same data stands in the batch before.',
    'Name each copy once. One address may come again with other data.',
  ),
  'batch.data_too_large': kind(400, 'The data of a recipient is too large.', 'Keep it within 16 kB of JSON.'),
  'template.syntax': kind(
    400,
    'The template is not well formed.',
    'See `errors` for the line and column. docs/batches.md says what may stand in a template.',
  ),
  'template.value_missing': kind(
    400,
    'The template asks for a value that the data does not have.',
    'Give it, write `{{ value | default: "…" }}`, or send with `"missing": "empty"`.',
  ),
  'template.value_unusable': kind(
    400,
    'A value cannot stand where the template puts it.',
    'See `errors` for the place: a list or object is no text, an address must be a web, mail or phone address.',
  ),
  'template.misplaced': kind(
    400,
    'A placeholder stands where nothing is filled in.',
    'Values go into subject, html and text. Write `from` and `replyTo` as every recipient is to see them.',
  ),
  'template.not_found': kind(404, 'The account has no such template.', 'List the templates to see them.'),
  'template.name_taken': kind(409, 'Another template has this name.', 'Choose another name.'),
  'template.too_many': kind(409, 'The account has as many templates as it can have.', 'Delete one first.'),
  'message.not_planned': kind(
    409,
    'The message does not wait for a planned time.',
    'It was sent at once, has begun to go out, or was cancelled. Read it to see where its recipients stand.',
  ),
} as const satisfies Record<string, ProblemKind>;
