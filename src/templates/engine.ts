/**
 * The template language: Liquid with what decides and repeats, and nothing that reads a file, includes, runs or knows the
 * time. It turns a template and one recipient's data into a skeleton; what values look like in a message is not its own.
 */
import {
  AssignTag,
  BreakTag,
  CommentTag,
  ContinueTag,
  filters as everyFilter,
  IfTag,
  InlineCommentTag,
  Liquid,
  LiquidError,
  RawTag,
  Tag,
  type Template,
  Tokenizer,
  TokenKind,
  type TopLevelToken,
  UnlessTag,
} from 'liquidjs';
import { markOf, type Skeleton, type Value, ValueFault, withoutMarks } from '../core/template/marks.ts';
import { beginWork, CountedCase, CountedFor, countedFilter, countedOperators, spendOnTemplates } from './work.ts';

/** What a template is refused for, and where. */
export interface SyntaxFault {
  readonly line: number;
  readonly column: number;
  readonly why: string;
}

export class TemplateSyntax extends Error {
  readonly fault: SyntaxFault;
  constructor(fault: SyntaxFault) {
    super(fault.why);
    this.fault = fault;
  }
}

export type Missing = 'refuse' | 'empty';
export type TemplateData = Readonly<Record<string, unknown>>;

export interface ParsedTemplate {
  /** No value and no choice is in it: it is the same for everybody. */
  readonly isPlain: boolean;
  render(data: TemplateData, missing: Missing): Skeleton;
}

const templateLengthMax = 1_000_000;
/** Words, values and tags: the parser takes them off the front of a list, which is slow for long lists. */
const partsMax = 25_000;
/** Of one recipient's copy. */
const stepsMax = 10_000;
const valuesMax = 10_000;
const memoryUnitsMax = 4_000_000;
/** Far beyond what the limits above let happen: a backstop. */
const renderMs = 10_000;
const valueLengthMax = 100_000;
/** Of all values of one part together, and of what stands between them: loops could make gigabytes of a small template. */
const valuesLengthMax = 1_000_000;
const writtenLengthMax = 2_000_000;

const tags = {
  assign: AssignTag,
  break: BreakTag,
  case: CountedCase,
  comment: CommentTag,
  continue: ContinueTag,
  for: CountedFor,
  if: IfTag,
  '#': InlineCommentTag,
  raw: RawTag,
  unless: UnlessTag,
} as const;

const filterNames = [
  ...['abs', 'append', 'at_least', 'at_most', 'capitalize', 'ceil', 'compact', 'concat', 'date', 'default'],
  ...['divided_by', 'downcase', 'first', 'floor', 'join', 'last', 'lstrip', 'map', 'minus', 'modulo', 'plus'],
  ...['prepend', 'remove', 'remove_first', 'remove_last', 'replace', 'replace_first', 'replace_last', 'reverse'],
  ...['round', 'rstrip', 'size', 'slice', 'sort', 'sort_natural', 'split', 'strip', 'strip_newlines', 'sum', 'times'],
  ...['truncate', 'truncatewords', 'uniq', 'upcase', 'url_encode', 'where'],
] as const;
/** What they do elsewhere is done to every value here. */
const doneAnyway = ['escape', 'escape_once', 'h', 'newline_to_br', 'xml_escape'];

/** Names that people cannot write, so that they are ours alone. */
const valueFilter = 'waxwing_value';
const stepTag = 'waxwing_step';

/** Of the rendering under way: it is never interrupted. */
let values: Value[] = [];
let steps = 0;
let valuesLength = 0;
let sources: readonly OutputSource[] = [];
let whenMissing: Missing = 'refuse';

interface OutputSource {
  readonly source: string;
  readonly isEncoded: boolean;
  readonly breaksLines: boolean;
}

class StepTag extends Tag {
  render(_context: unknown, { buffer }: { readonly buffer: string }): string {
    steps += 1;
    if (steps > stepsMax) throw new ValueFault(`a copy goes more than ${stepsMax} times round its loops`);
    if (buffer.length > writtenLengthMax) throw new ValueFault('a copy becomes too long by its loops');
    return '';
  }
}

const engine = openEngine();

function openEngine(): Liquid {
  const liquid = new Liquid({
    templates: {},
    dynamicPartials: false,
    ownPropertyOnly: true,
    strictFilters: true,
    strictVariables: true,
    lenientIf: true,
    preserveTimezones: true,
    timezoneOffset: 0,
    locale: 'en-US',
    operators: countedOperators,
    parseLimit: templateLengthMax * 2,
    memoryLimit: memoryUnitsMax,
    renderLimit: renderMs,
  });
  for (const name of Object.keys(liquid.tags)) delete liquid.tags[name];
  for (const name of Object.keys(liquid.filters)) delete liquid.filters[name];
  for (const [name, tag] of Object.entries(tags)) liquid.registerTag(name, tag);
  liquid.registerTag(stepTag, StepTag);
  for (const name of filterNames) {
    const filter = everyFilter[name];
    if (filter !== undefined) liquid.registerFilter(name, countedFilter(name, filter));
  }
  const date = countedFilter('date', everyFilter.date ?? ((value: unknown) => value));
  liquid.registerFilter('date', function (value, ...more) {
    if (value === 'now' || value === 'today') throw new ValueFault('a template knows no time of its own');
    return typeof date === 'function' ? date.call(this, value, ...more) : value;
  });
  for (const name of doneAnyway) liquid.registerFilter(name, (value: unknown) => value);
  liquid.registerFilter(valueFilter, (value: unknown, output: unknown) => takeValue(value, Number(output)));
  const renderAll = liquid.renderer.renderTemplates.bind(liquid.renderer);
  liquid.renderer.renderTemplates = (templates, context, emitter) => {
    spendOnTemplates(templates);
    return renderAll(templates, context, emitter);
  };
  return liquid;
}

function takeValue(value: unknown, output: number): string {
  const source = sources[output];
  if (source === undefined) throw new Error('an output of no template');
  if (values.length >= valuesMax) throw new ValueFault(`a copy has more than ${valuesMax} values`);
  // Databases write null for what nobody filled in.
  if ((value === undefined || value === null) && whenMissing === 'refuse')
    throw new ValueMissing(source.source.replace(/^{{ | }}$/g, ''));
  const text = textOf(value, source.source);
  valuesLength += text.length;
  if (valuesLength > valuesLengthMax)
    throw new ValueFault(`the values of a copy are longer than ${valuesLengthMax} characters together`);
  values.push({ ...source, text });
  return markOf(values.length - 1, output);
}

function textOf(value: unknown, source: string): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map((one) => textOf(one, source)).join('');
  if (typeof value === 'object' || typeof value === 'function') throw new ValueFault(`${source} is no text`);
  if (typeof value === 'number' && !Number.isFinite(value)) throw new ValueFault(`${source} is no number`);
  // RFC 8259 §6: what a reader of JSON made of such a number is another one, and it may be the number of a patient.
  if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER)
    throw new ValueFault(`${source} has more digits than a number keeps: send it as a text`);
  const text = withoutMarks(String(value));
  if (text.length > valueLengthMax) throw new ValueFault(`${source} is longer than ${valueLengthMax} characters`);
  return text;
}

/** Throws TemplateSyntax. */
export function parseTemplate(written: string): ParsedTemplate {
  if (written.length > templateLengthMax)
    throw new TemplateSyntax({ line: 1, column: 1, why: `longer than ${templateLengthMax} characters` });
  const source = withoutMarks(written);
  const tokens = asWritten(() => new Tokenizer(source).readTopLevelTokens(engine.options));
  if (tokens.length > partsMax)
    throw new TemplateSyntax({ line: 1, column: 1, why: `more than ${partsMax} words, values and tags` });
  asWritten(() => engine.parse(source));
  const { rewritten, outputs } = rewrite(source, tokens);
  const parsed = asWritten(() => engine.parse(rewritten));
  return {
    isPlain: tokens.every(({ kind }) => kind === TokenKind.HTML),
    render: (data, missing) => render(parsed, outputs, data, missing),
  };
}

function asWritten<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!LiquidError.is(error)) throw error;
    const [line = 1, column = 1] = error.token.getPosition();
    throw new TemplateSyntax({ line, column, why: wordsOf(error) });
  }
}

/** Without the place, which is told beside it. */
const wordsOf = (error: LiquidError): string => error.message.replace(/, line:\d+, col:\d+$/, '');

/** Every output tells which it is, and every round of a loop is counted. */
function rewrite(source: string, tokens: readonly TopLevelToken[]) {
  const outputs: OutputSource[] = [];
  let rewritten = '';
  let at = 0;
  for (const token of tokens) {
    const text = source.slice(token.begin, token.end);
    rewritten += source.slice(at, token.begin);
    at = token.end;
    if (token.kind === TokenKind.Output) rewritten += withNumber(text, outputs);
    else if (token.kind === TokenKind.Tag && /^\{%-?\s*for\b/.test(text))
      rewritten += `${text}${text.endsWith('-%}') ? '{%-' : '{%'} ${stepTag} ${text.endsWith('-%}') ? '-%}' : '%}'}`;
    else rewritten += text;
  }
  return { rewritten: rewritten + source.slice(at), outputs };
}

function withNumber(text: string, outputs: OutputSource[]): string {
  const isTrimmed = text.endsWith('-}}');
  const inner = text.slice(2, isTrimmed ? -3 : -2);
  const lastFilter = /\|\s*(\w+)\s*$/.exec(inner)?.[1];
  outputs.push({
    source: `{{ ${inner.replace(/^-/, '').trim().replace(/\s+/g, ' ')} }}`,
    isEncoded: lastFilter === 'url_encode',
    breaksLines: lastFilter === 'newline_to_br',
  });
  return `{{${inner} | ${valueFilter}: ${outputs.length - 1} ${isTrimmed ? '-}}' : '}}'}`;
}

function render(parsed: Template[], outputs: readonly OutputSource[], data: TemplateData, missing: Missing): Skeleton {
  values = [];
  valuesLength = 0;
  steps = 0;
  beginWork();
  sources = outputs;
  whenMissing = missing;
  try {
    const text = String(engine.renderSync(parsed, data, { strictVariables: missing === 'refuse' }));
    return { text, values };
  } catch (error) {
    throw faultOf(error);
  } finally {
    values = [];
    sources = [];
  }
}

/** Words of the template alone: what Liquid says of a value may hold the value. */
function faultOf(error: unknown): unknown {
  if (!LiquidError.is(error)) return error;
  const original = (error as { originalError?: unknown }).originalError;
  if (original instanceof ValueFault || original instanceof ValueMissing) return original;
  const name = (original as { variableName?: unknown } | undefined)?.variableName;
  if (typeof name === 'string') return new ValueMissing(name);
  const [line] = error.token.getPosition();
  if (/limit exceeded/.test(error.message)) return new ValueFault('a copy takes more memory or time than one may');
  return new ValueFault(`line ${line} cannot be worked out with this data`);
}

export class ValueMissing extends Error {}
