/** Reads what a directory sends of a user or group into the attributes that are kept, and shows the ones asked for. */
import { ScimFault } from './fault.ts';
import {
  type Attribute,
  findTarget,
  type Item,
  type Part,
  type Resource,
  type ResourceKind,
  usualMaxLength,
} from './schema.ts';

export type Json = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The whole of a resource, as POST and PUT bring it. Throws invalidSyntax or invalidValue. */
export function readResource(kind: ResourceKind, body: Json): Resource {
  assertSchemas(body, kind.schema);
  const resource: Resource = {};
  for (const [key, value] of Object.entries(body)) {
    const found = findTarget(kind, key);
    if (found.kind !== 'kept') continue; // RFC 7644 §3.3: what is not known may be ignored
    const { attribute, part } = found.target;
    if (attribute.isReadOnly) continue; // RFC 7644 §3.3: values of what is read-only shall be ignored
    const read = part === undefined ? readValue(attribute, value) : readItem(attribute, { [part.name]: value });
    if (read !== undefined)
      resource[attribute.name] = part === undefined ? read : merged(resource[attribute.name], read);
  }
  return resource;
}

const merged = (before: Resource[string] | undefined, more: Resource[string]): Resource[string] =>
  isObject(before) && isObject(more) ? { ...(before as Item), ...(more as Item) } : more;

/** Directories that leave it out are understood; ones that mean something else are not. RFC 7643 §3 */
export function assertSchemas(body: Json, wanted: string): void {
  const given = body.schemas;
  if (given === undefined) return;
  const isNamed = Array.isArray(given) && given.some((one) => String(one).toLowerCase() === wanted.toLowerCase());
  if (!isNamed) throw new ScimFault('invalidSyntax', 'schemas', `must name ${wanted}`);
}

export function assertComplete(kind: ResourceKind, resource: Resource): void {
  for (const { name, isRequired } of kind.attributes)
    if (isRequired && resource[name] === undefined) throw new ScimFault('invalidValue', name, 'is required');
}

/** Undefined: no value, which is the same as null (RFC 7643 §2.5). */
export function readValue(attribute: Attribute, given: unknown): Resource[string] | undefined {
  if (given === null || given === undefined) return undefined;
  if (attribute.isMany) return readMany(attribute, given);
  return attribute.parts === undefined ? readPart(attribute, given) : readItem(attribute, given);
}

function readMany(attribute: Attribute, given: unknown): Item[] | undefined {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (attribute.max !== undefined && list.length > attribute.max)
    throw new ScimFault('tooMany', attribute.name, `has at most ${attribute.max} values`);
  const items = list
    .map((one) => readItem(attribute, typeof one === 'string' ? { value: one } : one))
    .filter((one) => one !== undefined);
  return items.length === 0 ? undefined : withOnePrimary(distinct(items));
}

const distinct = (items: readonly Item[]): Item[] => [
  ...new Map(items.map((item) => [JSON.stringify([item.value, item.type]), item])).values(),
];

/** RFC 7643 §2.4: "primary" is true at most once. The last one said is meant. */
export function withOnePrimary(items: readonly Item[]): Item[] {
  const last = items.findLastIndex((item) => item.primary === true);
  return items.map((item, at) => (item.primary === true && at !== last ? { ...item, primary: false } : item));
}

export function readItem(attribute: Attribute, given: unknown): Item | undefined {
  if (!isObject(given)) throw new ScimFault('invalidValue', attribute.name, 'is an object');
  const item: Item = {};
  const values = new Map(Object.entries(given).map(([key, value]) => [key.toLowerCase(), value]));
  for (const part of attribute.parts ?? []) {
    const value = values.get(part.name.toLowerCase());
    const read = value === null || value === undefined ? undefined : readPart(part, value, `${attribute.name}.`);
    if (read !== undefined) item[part.name] = read;
  }
  if (attribute.isMany && item.value === undefined) return undefined;
  return Object.keys(item).length === 0 ? undefined : item;
}

/** Those also that turn the direction of writing, as in any name that is given here (contract/values.ts). */
const controls = /[\p{Cc}\u202A-\u202E\u2066-\u2069]/u;

/** An empty text is no value. Entra writes booleans as "True" and "False". */
export function readPart(attribute: Attribute, given: unknown, prefix = ''): Part | undefined {
  const field = prefix + attribute.name;
  if (attribute.type === 'boolean') {
    const word = String(given).toLowerCase();
    if (typeof given === 'object' || (word !== 'true' && word !== 'false'))
      throw new ScimFault('invalidValue', field, 'is true or false');
    return word === 'true';
  }
  if (typeof given !== 'string') throw new ScimFault('invalidValue', field, 'is a text');
  const trimmed = given.trim();
  const max = attribute.max ?? usualMaxLength;
  if (trimmed.length > max) throw new ScimFault('invalidValue', field, `has at most ${max} characters`);
  if (controls.test(trimmed)) throw new ScimFault('invalidValue', field, 'has no control characters');
  return trimmed === '' ? undefined : trimmed;
}

export interface Shown {
  readonly attributes?: string | undefined;
  readonly excludedAttributes?: string | undefined;
}

const alwaysShown = ['id', 'schemas'];

const namesIn = (list: string | undefined): string[] | undefined => {
  const names = list?.split(',').flatMap((one) => one.trim().toLowerCase() || []);
  return names === undefined || names.length === 0 ? undefined : names;
};

/** RFC 7644 §3.9: only the attributes asked for, or all but some; `id` and `schemas` always. */
export function project(kind: ResourceKind, resource: Json, { attributes, excludedAttributes }: Shown): Json {
  const [only, without] = [namesIn(attributes), namesIn(excludedAttributes)];
  if (only !== undefined) return pick(kind, resource, only, true);
  return without === undefined ? resource : pick(kind, resource, without, false);
}

/** Whether an attribute is worth reading from the database at all. */
export function isShown(kind: ResourceKind, name: string, shown: Shown): boolean {
  return name in project(kind, { [name]: [] }, shown);
}

function pick(kind: ResourceKind, resource: Json, names: readonly string[], isWanted: boolean): Json {
  const targets = names.flatMap((one) => {
    const found = findTarget(kind, one);
    return found.kind === 'kept' ? [found.target] : [];
  });
  const entries = Object.entries(resource).flatMap(([name, value]): [string, unknown][] => {
    const about = targets.filter(({ attribute }) => attribute.name === name);
    const parts = about.flatMap(({ part }) => (part === undefined ? [] : [part.name]));
    if (alwaysShown.includes(name)) return [[name, value]];
    if (about.length === 0) return isWanted ? [] : [[name, value]];
    if (parts.length < about.length) return isWanted ? [[name, value]] : [];
    return [[name, pickParts(value, parts, isWanted)]];
  });
  return Object.fromEntries(entries);
}

function pickParts(value: unknown, parts: readonly string[], isWanted: boolean): unknown {
  if (Array.isArray(value)) return value.map((one) => pickParts(one, parts, isWanted));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => parts.includes(name) === isWanted));
}
