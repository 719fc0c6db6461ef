/** The words that a request takes from a template of the account instead of its own. It sends none of them. */
import type { Submission } from '../contract/messages.ts';
import { Problem } from '../contract/problem.ts';
import type { Caller } from '../platform/route.ts';
import { readOneTemplate, writeForOne } from '../templates/index.ts';
import type { Desk } from './accept-message.ts';

/** Of one recipient, as JSON. */
export const dataLengthMax = 16_384;

/** Mail that is written from a template goes out under one name, which no value changes. */
export function refuseMisplaced(body: Pick<Submission, 'from' | 'replyTo'>): void {
  const errors = (['from', 'replyTo'] as const)
    .filter((field) => /\{\{|\{%/.test(body[field] ?? ''))
    .map((field) => ({ field, message: 'It holds a placeholder.' }));
  if (errors.length > 0) throw new Problem('template.misplaced', errors);
}

type Words = Pick<Submission, 'subject' | 'html' | 'text' | 'templateId'>;

export async function templateWords({ world }: Desk, { accountId }: Caller, body: Words) {
  for (const field of ['subject', 'html', 'text'] as const)
    if (body[field] !== undefined)
      throw new Problem('request.malformed', [{ field, message: 'Give a template or words, not both.' }]);
  const { subject, html, text } = await readOneTemplate(world, accountId, body.templateId ?? '');
  return { subject, html, text };
}

/** A submission with the words of its template, written with its data for all recipients alike. */
export async function withTemplate(desk: Desk, caller: Caller, body: Submission): Promise<Submission> {
  if (body.templateId === undefined) {
    if (body.data !== undefined)
      throw new Problem('request.malformed', [{ field: 'data', message: 'Data goes with a templateId.' }]);
    if (body.subject === undefined)
      throw new Problem('request.malformed', [{ field: 'subject', message: 'It is missing.' }]);
    return body;
  }
  refuseMisplaced(body);
  if (JSON.stringify(body.data ?? {}).length > dataLengthMax) throw new Problem('batch.data_too_large');
  const source = { ...(await templateWords(desk, caller, body)), missing: 'refuse' } as const;
  const { subject, html, text } = writeForOne(source, body.data ?? {});
  return { ...body, subject, ...(html === null ? {} : { html }), ...(text === null ? {} : { text }) };
}
