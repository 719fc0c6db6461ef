/** What the pages of templates share: their addresses, who may change them, and a template's words as they are typed. */
import { listTemplates, readTemplate, type TemplateBody } from '../../../../src/contract/templates.ts';
import { queries } from '../../queries.ts';
import type { Need } from '../../use-may.ts';

export const templatesPath = '/sending/templates';
export const templatePath = (id: string): string => `${templatesPath}/${id}`;

export const mayWrite: Need = { needs: ['templates.manage'], isOfAccount: true };

export interface TypedTemplate {
  readonly name: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

export const typedOf = ({
  name,
  subject,
  html,
  text,
}: Omit<TypedTemplate, 'html' | 'text'> & Pick<TemplateBody, 'html' | 'text'>): TypedTemplate => ({
  ...{ name, subject },
  html: html ?? '',
  text: text ?? '',
});

export const wordsOfTyped = ({ name, subject, html, text }: TypedTemplate) => ({
  ...{ name: name.trim(), subject },
  html: html === '' ? null : html,
  text: text === '' ? null : text,
});

const shownBy: readonly string[] = [listTemplates.name, readTemplate.name];

export const refreshTemplates = (): Promise<void> =>
  queries.invalidateQueries({ predicate: ({ queryKey }) => shownBy.includes(String(queryKey[0])) });
