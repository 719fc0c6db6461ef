/**
 * Applies a PATCH of RFC 7644 §3.5.2 to a resource, as directories really write it: operations in any case, booleans as
 * words, no path and dotted keys. It gives a new resource and changes none.
 */
import { ScimFault } from './fault.ts';
import { type Filter, matches, pinsOf, readFilter } from './filter.ts';
import { assertSchemas, isObject, type Json, readItem, readPart, readValue, withOnePrimary } from './read-resource.ts';
import { type Attribute, findTarget, type Item, type Resource, type ResourceKind, type Target } from './schema.ts';

export const patchSchema = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const maxOperations = 1_000;
const maxPathLength = 2_000;

type Act = 'add' | 'replace' | 'remove';

interface Operation {
  readonly act: Act;
  readonly path: string | undefined;
  readonly value: unknown;
}

/** Throws a fault of any kind; then nothing is changed. */
export function applyPatch(kind: ResourceKind, resource: Resource, body: Json): Resource {
  const after = { ...resource }; // what changes is replaced, never written into
  for (const operation of readOperations(body)) apply(kind, after, operation);
  return after;
}

function readOperations(body: Json): Operation[] {
  assertSchemas(body, patchSchema);
  const entry = Object.entries(body).find(([key]) => key.toLowerCase() === 'operations');
  const given = entry?.[1];
  if (!Array.isArray(given) || given.length === 0)
    throw new ScimFault('invalidSyntax', 'Operations', 'has at least one operation');
  if (given.length > maxOperations)
    throw new ScimFault('tooMany', 'Operations', `has at most ${maxOperations} operations`);
  return given.map(readOperation);
}

function readOperation(given: unknown): Operation {
  if (!isObject(given)) throw new ScimFault('invalidSyntax', 'Operations', 'has objects');
  const { op, path, value } = given;
  const act = typeof op === 'string' ? op.toLowerCase() : '';
  if (act !== 'add' && act !== 'replace' && act !== 'remove')
    throw new ScimFault('invalidSyntax', 'op', 'is add, replace or remove');
  if (path !== undefined && path !== null && (typeof path !== 'string' || path.length > maxPathLength))
    throw new ScimFault('invalidPath', 'path', `is a text of at most ${maxPathLength} characters`);
  if (act !== 'remove' && value === undefined) throw new ScimFault('invalidValue', 'value', 'is missing');
  return { act, path: typeof path === 'string' && path.trim() !== '' ? path.trim() : undefined, value };
}

function apply(kind: ResourceKind, resource: Resource, { act, path, value }: Operation): void {
  if (path !== undefined) {
    const place = placeOf(kind, path);
    if (place !== undefined) applyAt(resource, place, act, value);
    return;
  }
  // RFC 7644 §3.5.2.2: to remove, one says what.
  if (act === 'remove') throw new ScimFault('noTarget', 'path', 'is missing');
  if (!isObject(value)) throw new ScimFault('invalidValue', 'value', 'is an object where no path is');
  for (const [key, one] of Object.entries(value)) applyKey(kind, resource, act, key, one);
}

/** Without a path, what is not known or read-only is left out, as in POST; Okta sends the id along. */
function applyKey(kind: ResourceKind, resource: Resource, act: Act, key: string, value: unknown): void {
  const isPath = key.includes('[');
  const found = findTarget(kind, key);
  if (!isPath && (found.kind !== 'kept' || found.target.attribute.isReadOnly)) return;
  const place = placeOf(kind, key);
  if (place !== undefined) applyAt(resource, place, act, value);
}

interface Place extends Target {
  /** Which of many values are meant. Undefined: all. */
  readonly filter?: Filter | undefined;
}

const valuePath = /^([^[\]]+)\[(.*)\](?:\.([^[\].]+))?$/s;

/** Undefined: an attribute that is taken and not kept. */
function placeOf(kind: ResourceKind, path: string): Place | undefined {
  const [, before, inner, behind] = valuePath.exec(path) ?? [];
  const name = before === undefined ? path : behind === undefined ? before : `${before}.${behind}`;
  const found = findTarget(kind, name.trim());
  if (found.kind === 'not_kept') return undefined;
  if (found.kind === 'unknown') throw new ScimFault('invalidPath', 'path', 'names an attribute: see /Schemas');
  const { attribute } = found.target;
  if (attribute.isReadOnly) throw new ScimFault('mutability', attribute.name, 'cannot be changed');
  if (inner === undefined) return found.target;
  if (attribute.isMany !== true) throw new ScimFault('invalidPath', 'path', 'has brackets where many values are only');
  return { ...found.target, filter: readPathFilter(inner, kind, attribute) };
}

/** RFC 7644 §3.12: a filter in a path is a part of the path. */
function readPathFilter(inner: string, kind: ResourceKind, attribute: Attribute): Filter {
  try {
    return readFilter(inner, kind, attribute);
  } catch (error) {
    if (error instanceof ScimFault) throw new ScimFault('invalidPath', 'path', `has a filter that ${error.should}`);
    throw error;
  }
}

function applyAt(resource: Resource, place: Place, act: Act, value: unknown): void {
  const { attribute, part } = place;
  if (attribute.isMany) setMany(resource, place, act, value);
  else if (attribute.parts !== undefined) setComplex(resource, attribute, part, act, value);
  else set(resource, attribute, act === 'remove' ? undefined : readValue(attribute, value));
}

function set(resource: Resource, { name, isRequired }: Attribute, value: Resource[string] | undefined): void {
  if (value !== undefined) resource[name] = value;
  else if (isRequired) throw new ScimFault('invalidValue', name, 'is required');
  else delete resource[name];
}

/** RFC 7644 §3.5.2.3: parts that are not named stay. */
function setComplex(
  resource: Resource,
  attribute: Attribute,
  part: Attribute | undefined,
  act: Act,
  value: unknown,
): void {
  const before = resource[attribute.name];
  const item: Item = isItem(before) ? { ...before } : {};
  if (part === undefined) {
    if (act === 'remove' || value === null) set(resource, attribute, undefined);
    else set(resource, attribute, emptyAsNone(Object.assign(item, readItem(attribute, value))));
  } else {
    const read = act === 'remove' || value === null ? undefined : readPart(part, value, `${attribute.name}.`);
    if (read === undefined) delete item[part.name];
    else item[part.name] = read;
    set(resource, attribute, emptyAsNone(item));
  }
}

const emptyAsNone = (item: Item): Item | undefined => (Object.keys(item).length === 0 ? undefined : item);

const isItem = (value: Resource[string] | undefined): value is Item =>
  typeof value === 'object' && !Array.isArray(value);

function setMany(resource: Resource, place: Place, act: Act, value: unknown): void {
  const { attribute, part, filter } = place;
  const before = resource[attribute.name];
  const items = Array.isArray(before) ? before : [];
  const isMeant = (item: Item): boolean => filter === undefined || matches(filter, resource, item);
  const given = (): Item[] => (readValue(attribute, value) as Item[] | undefined) ?? [];
  const after =
    act === 'remove'
      ? removed(items, place, isMeant, value)
      : part !== undefined || filter !== undefined
        ? changed(items, place, isMeant, act, value)
        : act === 'replace'
          ? given()
          : joined(items, given());
  if (attribute.max !== undefined && after.length > attribute.max)
    throw new ScimFault('tooMany', attribute.name, `has at most ${attribute.max} values`);
  set(resource, attribute, after.length === 0 ? undefined : after);
}

/** Entra names the values to remove in `value` beside a plain path. */
function removed(
  items: readonly Item[],
  { attribute, part, filter }: Place,
  isMeant: (item: Item) => boolean,
  value: unknown,
): Item[] {
  if (part !== undefined && part.name !== 'value')
    return items.map((item) => (isMeant(item) ? without(item, part.name) : item));
  if (filter !== undefined || value === undefined || value === null) return items.filter((item) => !isMeant(item));
  const named = new Set(((readValue(attribute, value) as Item[] | undefined) ?? []).map((item) => item.value));
  return items.filter((item) => !named.has(item.value as string));
}

const without = (item: Item, name: string): Item =>
  Object.fromEntries(Object.entries(item).filter(([one]) => one !== name));

/** What is there already is not there twice. RFC 7644 §3.5.2.1 */
function joined(items: readonly Item[], more: readonly Item[]): Item[] {
  const key = ({ value, type }: Item): string => JSON.stringify([value, type]);
  const all = new Map(items.map((item) => [key(item), item]));
  for (const item of more) {
    const known = all.get(key(item));
    all.delete(key(item));
    all.set(key(item), { ...known, ...item });
  }
  return withOnePrimary([...all.values()]);
}

function changed(
  items: readonly Item[],
  { attribute, part, filter }: Place,
  isMeant: (item: Item) => boolean,
  act: Act,
  value: unknown,
): Item[] {
  const change = part === undefined ? readItem(attribute, asItem(value)) : partChange(attribute, part, value);
  const chosen = items.filter(isMeant);
  if (chosen.length === 0) {
    // RFC 7644 §3.5.2.3 for replace; Entra adds `emails[type eq "work"].value` where there is none yet.
    if (act === 'replace' && filter !== undefined)
      throw new ScimFault('noTarget', attribute.name, 'has no value that the path means');
    const made = readItem(attribute, { ...(filter === undefined ? {} : pinned(filter)), ...change });
    return made === undefined ? [...items] : withOnePrimary([...items, made]);
  }
  const after = items.map((item) => (isMeant(item) ? { ...item, ...change } : item));
  return withOnePrimary(change?.primary === true ? demoted(after, isMeant) : after);
}

/** Of two that say so, the one that was just named is the primary one. */
const demoted = (items: readonly Item[], isMeant: (item: Item) => boolean): Item[] =>
  items.map((item) => (item.primary === true && !isMeant(item) ? { ...item, primary: false } : item));

const asItem = (value: unknown): unknown => {
  const one: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  return typeof one === 'string' ? { value: one } : one;
};

function partChange(attribute: Attribute, part: Attribute, value: unknown): Item | undefined {
  const read = value === null ? undefined : readPart(part, value, `${attribute.name}.`);
  if (read === undefined) throw new ScimFault('invalidValue', `${attribute.name}.${part.name}`, 'is empty');
  return { [part.name]: read };
}

const pinned = (filter: Filter): Item =>
  Object.fromEntries(pinsOf(filter).map(({ path, value }) => [path.slice(path.indexOf('.') + 1), value]));
