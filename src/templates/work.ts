/**
 * Counts what one copy asks of the processor, by the sizes of what its filters, comparisons and tags go through. Unlike a
 * clock it finds the same at acceptance and at delivery, however busy the machine is. It works nothing out itself.
 */
import {
  CaseTag,
  type Context,
  defaultOperators,
  type Emitter,
  evalToken,
  ForTag,
  type filters,
  IfTag,
  type Operators,
  type Template,
  TokenKind,
  UnlessTag,
} from 'liquidjs';
import { ValueFault } from '../core/template/marks.ts';

/** About half a second of one processor at worst. */
const unitsMax = 20_000_000;
const unitsPerElement = 16;
const unitsPerLetterOfTags = 10;
const unitsPerStep = 100;
/** Sorting compares each element with several others. */
const timesOf: Readonly<Record<string, number>> = { sort: 8, sort_natural: 8 };

/** Of the rendering under way: it is never interrupted. */
let units = 0;

export function beginWork(): void {
  units = 0;
}

/** Throws ValueFault. */
function spend(more: number): void {
  units += more;
  if (units > unitsMax) throw new ValueFault('a copy takes more work than one may');
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (!Array.isArray(value)) return 1;
  let size = value.length * unitsPerElement;
  for (const one of value) {
    if (size > unitsMax) break;
    size += sizeOf(one);
  }
  return size;
}

const sizesOf = (values: readonly unknown[]): number =>
  values.reduce((sum: number, value) => sum + sizeOf(value), unitsPerStep);

export type Filter = (typeof filters)[string];

export function countedFilter(name: string, filter: Filter): Filter {
  if (typeof filter !== 'function') return filter;
  const times = timesOf[name] ?? 1;
  return function (value: unknown, ...more: unknown[]) {
    spend(times * sizesOf([value, ...more]));
    return filter.call(this, value, ...more);
  };
}

export const countedOperators: Operators = Object.fromEntries(
  Object.entries(defaultOperators).map(([name, operator]) => [
    name,
    // One operand and the context, or two and the context.
    (left: unknown, right: Context, context: Context) => {
      spend(sizesOf([left, right]));
      return operator(left, right, context);
    },
  ]),
);

/** What stands in a loop is counted in each of its rounds. */
export function spendOnTemplates(templates: readonly Template[]): void {
  for (const template of templates) spend(unitsOf(template));
}

function unitsOf(template: Template): number {
  const { begin, end, kind } = template.token;
  if (kind === TokenKind.HTML) return end - begin;
  const branches = template instanceof IfTag || template instanceof UnlessTag ? template.branches.length : 0;
  return (end - begin) * unitsPerLetterOfTags + branches * unitsPerStep;
}

export class CountedCase extends CaseTag {
  override *render(context: Context, emitter: Emitter): Generator<unknown, void, unknown> {
    const asked = yield this.value.value(context, true);
    const choices = this.branches.reduce((sum, { values }) => sum + values.length, 1);
    spend(choices * sizesOf([asked]));
    yield super.render(context, emitter);
  }
}

export class CountedFor extends ForTag {
  override *render(context: Context, emitter: Emitter): Generator<unknown, void, Template[]> {
    const collection: unknown = yield evalToken(this.collection, context);
    spend(unitsPerElement * lengthOfLoop(collection) + unitsPerStep);
    yield super.render(context, emitter);
  }
}

function lengthOfLoop(collection: unknown): number {
  if (typeof collection !== 'object' || collection === null) return 1;
  return Array.isArray(collection) ? collection.length : Object.keys(collection).length;
}
