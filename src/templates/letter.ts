/**
 * A letter to many: subject, HTML and text as templates, and what they become for one recipient. The same at acceptance,
 * in a preview and at delivery.
 */
import type { LetterWords } from '../core/message/write-letter.ts';
import { openHtmlFiller } from '../core/template/fill-html.ts';
import { fillSubject, fillText } from '../core/template/fill-text.ts';
import type { Skeleton } from '../core/template/marks.ts';
import { type Missing, parseTemplate, type SyntaxFault, type TemplateData, TemplateSyntax } from './engine.ts';

export interface LetterSource {
  readonly subject: string;
  readonly html: string | null;
  readonly text: string | null;
  /** A value that a recipient has none for: refuse them, or leave its place empty. */
  readonly missing: Missing;
}

export interface WrittenLetter extends LetterWords {
  /** Equal where nothing but values differs. */
  readonly shape: string;
  /** Names of the links in HTML that are made of values. */
  readonly names: ReadonlySet<string>;
  /** Under which name an address in it is counted. */
  nameOf(address: string): string;
}

export interface Letter {
  /** It is the same for everybody. */
  readonly isPlain: boolean;
  /** Throws ValueMissing and ValueFault. */
  write(data: TemplateData): WrittenLetter;
}

export class LetterSyntax extends Error {
  readonly field: 'subject' | 'html' | 'text';
  readonly fault: SyntaxFault;
  constructor(field: 'subject' | 'html' | 'text', fault: SyntaxFault) {
    super(fault.why);
    this.field = field;
    this.fault = fault;
  }
}

const subjectLengthMax = 2_000;

/** Throws LetterSyntax. */
export function openLetter({ missing, ...source }: LetterSource): Letter {
  const subject = parsePart('subject', source.subject);
  const html = source.html === null ? null : parsePart('html', source.html);
  const text = source.text === null ? null : parsePart('text', source.text);
  const fillHtml = openHtmlFiller();
  return {
    isPlain: [subject, html, text].every((part) => part === null || part.isPlain),
    write(data) {
      const htmlSkeleton = html?.render(data, missing) ?? null;
      const textSkeleton = text?.render(data, missing) ?? null;
      const filledHtml = htmlSkeleton === null ? null : fillHtml(htmlSkeleton);
      const filledText = textSkeleton === null ? null : fillText(textSkeleton);
      return {
        subject: fillSubject(subject.render(data, missing)).slice(0, subjectLengthMax),
        html: filledHtml?.text ?? null,
        text: filledText?.text ?? null,
        shape: `${shapeOf(htmlSkeleton)}\0${shapeOf(textSkeleton)}`,
        names: new Set(filledHtml?.names.values()),
        nameOf: (address) => filledHtml?.names.get(address) ?? filledText?.nameOf(address) ?? address,
      };
    },
  };
}

const shapeOf = (skeleton: Skeleton | null): string => skeleton?.text ?? '';

function parsePart(field: LetterSyntax['field'], written: string) {
  try {
    return parseTemplate(written);
  } catch (error) {
    throw error instanceof TemplateSyntax ? new LetterSyntax(field, error.fault) : error;
  }
}
