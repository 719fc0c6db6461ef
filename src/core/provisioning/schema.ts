/**
 * Which attributes of users and groups are kept, and of which form: what /Schemas tells, what bodies are read by, and
 * what filters and paths may name. The least that is needed: other attributes of RFC 7643 are taken and not kept.
 */
export interface Attribute {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'complex' | 'reference' | 'dateTime';
  readonly about: string;
  readonly isMany?: true;
  readonly parts?: readonly Attribute[];
  readonly isReadOnly?: true;
  readonly isRequired?: true;
  readonly isUnique?: true;
  readonly isCaseExact?: true;
  /** Of a string its length, of many values their number. */
  readonly max?: number;
}

export interface ResourceKind {
  readonly name: 'User' | 'Group';
  readonly schema: string;
  readonly about: string;
  readonly attributes: readonly Attribute[];
  /** Lower case: attributes of RFC 7643 that are taken and not kept. */
  readonly notKept: readonly string[];
}

export type Part = string | boolean;
export type Item = { [name: string]: Part };
/** A resource by the exact names of its kind's attributes; nothing else is ever a key of it. */
export type Resource = { [name: string]: Part | Item | Item[] };

export const userSchema = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const groupSchema = 'urn:ietf:params:scim:schemas:core:2.0:Group';
export const enterpriseSchema = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

export const maxMembers = 10_000;
export const usualMaxLength = 256;

const text = (name: string, about: string, more: Partial<Attribute> = {}): Attribute => ({
  ...{ name, about, type: 'string' },
  ...more,
});

const idOfOurs = text('id', 'The id that Waxwing gave.', { isReadOnly: true, isUnique: true, isCaseExact: true });
const externalId = text('externalId', 'The id of the directory.', { isCaseExact: true });
const meta: Attribute = {
  ...{ name: 'meta', type: 'complex', about: 'When it was made and changed.', isReadOnly: true },
  parts: [
    text('resourceType', 'User or Group.', { isReadOnly: true, isCaseExact: true }),
    { name: 'created', type: 'dateTime', about: 'When it was made.', isReadOnly: true },
    { name: 'lastModified', type: 'dateTime', about: 'When it was last changed.', isReadOnly: true },
  ],
};

const name: Attribute = {
  ...{ name: 'name', type: 'complex', about: 'The parts of the name.' },
  parts: [
    text('formatted', 'The whole name.'),
    text('familyName', 'The family name.'),
    text('givenName', 'The given name.'),
    text('middleName', 'Further given names.'),
    text('honorificPrefix', 'What stands before the name.'),
    text('honorificSuffix', 'What stands behind the name.'),
  ],
};

const emails: Attribute = {
  ...{ name: 'emails', type: 'complex', isMany: true, max: 20 },
  about: 'Addresses. The primary one, else the one for work, else the first is whom the user signs in as.',
  parts: [
    text('value', 'The address.', { max: 320 }),
    text('type', 'work, home or other.'),
    { name: 'primary', type: 'boolean', about: 'Whether it is the one to use.' },
  ],
};

const groups: Attribute = {
  ...{ name: 'groups', type: 'complex', isMany: true, isReadOnly: true, about: 'The groups that the user is in.' },
  parts: [
    text('value', 'The id of the group.', { isReadOnly: true, isCaseExact: true }),
    text('display', 'The name of the group.', { isReadOnly: true }),
  ],
};

const enterprise: Attribute = {
  ...{ name: enterpriseSchema, type: 'complex', about: 'The enterprise extension.' },
  parts: [text('department', 'The department, by its name in Waxwing.')],
};

export const userKind: ResourceKind = {
  name: 'User',
  schema: userSchema,
  about: 'A user of the console.',
  attributes: [
    idOfOurs,
    externalId,
    text('userName', 'What the directory calls the user; an address, unless `emails` has one.', {
      ...{ isRequired: true, isUnique: true, max: 320 },
    }),
    name,
    text('displayName', 'The name to show.'),
    emails,
    { name: 'active', type: 'boolean', about: 'False: deactivated, every session and API key of theirs has ended.' },
    groups,
    enterprise,
    meta,
  ],
  notKept: [
    ...['nickname', 'profileurl', 'title', 'usertype', 'preferredlanguage', 'locale', 'timezone', 'password'],
    ...['phonenumbers', 'ims', 'photos', 'addresses', 'entitlements', 'roles', 'x509certificates', 'schemas'],
    ...['employeenumber', 'costcenter', 'organization', 'division', 'manager'].map(
      (part) => `${enterpriseSchema.toLowerCase()}.${part}`,
    ),
  ],
};

export const groupKind: ResourceKind = {
  name: 'Group',
  schema: groupSchema,
  about: 'A group of the directory, which an administrator maps to a role or a department.',
  attributes: [
    idOfOurs,
    externalId,
    text('displayName', 'The name of the group.', { isRequired: true, isUnique: true }),
    {
      ...{ name: 'members', type: 'complex', isMany: true, max: maxMembers, about: 'The users in it.' },
      parts: [text('value', 'The id of a user.', { isRequired: true, isCaseExact: true })],
    },
    meta,
  ],
  notKept: ['schemas'],
};

/** What a path names: an attribute, and of a complex one perhaps a part. */
export interface Target {
  readonly attribute: Attribute;
  readonly part?: Attribute | undefined;
}

export type Found =
  | { readonly kind: 'kept'; readonly target: Target }
  | { readonly kind: 'not_kept' }
  | { readonly kind: 'unknown' };

const named = (all: readonly Attribute[] | undefined, given: string): Attribute | undefined =>
  all?.find((one) => one.name.toLowerCase() === given);

/** RFC 7644 §3.10: names are not case-sensitive, and may be preceded by their schema. */
export function findTarget(kind: ResourceKind, path: string): Found {
  const [first, second, ...more] = partsOf(kind, path.toLowerCase());
  if (first === undefined || more.length > 0) return { kind: 'unknown' };
  if (kind.notKept.includes(first) || kind.notKept.includes(`${first}.${second}`)) return { kind: 'not_kept' };
  const attribute = named(kind.attributes, first);
  if (attribute === undefined) return { kind: 'unknown' };
  if (second === undefined) return { kind: 'kept', target: { attribute } };
  const part = named(attribute.parts, second);
  // Parts that RFC 7643 has and nobody needs, such as `display` of an address.
  if (part === undefined) return attribute.parts === undefined ? { kind: 'unknown' } : { kind: 'not_kept' };
  return { kind: 'kept', target: { attribute, part } };
}

function partsOf(kind: ResourceKind, lower: string): string[] {
  const own = `${kind.schema.toLowerCase()}:`;
  if (lower.startsWith(own)) return lower.slice(own.length).split('.');
  for (const { name: extension } of kind.attributes.filter((one) => one.name.startsWith('urn:'))) {
    const prefix = extension.toLowerCase();
    if (lower === prefix) return [prefix];
    if (lower.startsWith(`${prefix}:`) || lower.startsWith(`${prefix}.`))
      return [prefix, ...lower.slice(prefix.length + 1).split('.')];
  }
  return lower.startsWith('urn:') ? [] : lower.split('.');
}
