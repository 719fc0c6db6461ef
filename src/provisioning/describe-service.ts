/** What of SCIM is supported, as RFC 7643 §5 to §7 has it told. It is the same for every account. */
import { Problem } from '../contract/problem.ts';
import { scimPath } from '../contract/provisioning.ts';
import type { Json } from '../core/provisioning/read-resource.ts';
import {
  type Attribute,
  enterpriseSchema,
  groupKind,
  groupSchema,
  type ResourceKind,
  userKind,
  userSchema,
} from '../core/provisioning/schema.ts';
import { listSchema, maxPage } from './list-resources.ts';

const serviceSchema = 'urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig';
const typeSchema = 'urn:ietf:params:scim:schemas:core:2.0:ResourceType';
const schemaSchema = 'urn:ietf:params:scim:schemas:core:2.0:Schema';

const metaOf = (baseUrl: string, resourceType: string, path: string) => ({
  resourceType,
  location: `${baseUrl}${scimPath}/${path}`,
});

export const describeService = (baseUrl: string): Json & { schemas: string[] } => ({
  schemas: [serviceSchema],
  documentationUri: 'https://datatracker.ietf.org/doc/html/rfc7644',
  patch: { supported: true },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults: maxPage },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: true },
  authenticationSchemes: [
    {
      type: 'oauthbearertoken',
      name: 'API key',
      description: 'Authorization: Bearer and an API key that may provision (people.provision).',
      specUri: 'https://datatracker.ietf.org/doc/html/rfc6750',
      primary: true,
    },
  ],
  meta: metaOf(baseUrl, 'ServiceProviderConfig', 'ServiceProviderConfig'),
});

const typeOf = (baseUrl: string, { name, schema, about }: ResourceKind) => ({
  schemas: [typeSchema],
  id: name,
  name,
  endpoint: `/${name}s`,
  description: about,
  schema,
  ...(name === 'User' ? { schemaExtensions: [{ schema: enterpriseSchema, required: false }] } : {}),
  meta: metaOf(baseUrl, 'ResourceType', `ResourceTypes/${name}`),
});

const ownAttributes = ({ attributes }: ResourceKind): Attribute[] =>
  // RFC 7643 §3.1: id, externalId and meta are common to all, and no schema defines them.
  attributes.filter(({ name }) => !['id', 'externalId', 'meta'].includes(name) && !name.startsWith('urn:'));

const describeAttribute = (attribute: Attribute): Json => ({
  name: attribute.name,
  type: attribute.type,
  multiValued: attribute.isMany === true,
  description: attribute.about,
  required: attribute.isRequired === true,
  caseExact: attribute.isCaseExact === true,
  mutability: attribute.isReadOnly === true ? 'readOnly' : 'readWrite',
  returned: 'default',
  uniqueness: attribute.isUnique === true ? 'server' : 'none',
  ...(attribute.parts === undefined ? {} : { subAttributes: attribute.parts.map(describeAttribute) }),
});

function schemas(baseUrl: string) {
  const extension = userKind.attributes.find(({ name }) => name === enterpriseSchema);
  const all = [
    { id: userSchema, name: 'User', about: userKind.about, attributes: ownAttributes(userKind) },
    { id: groupSchema, name: 'Group', about: groupKind.about, attributes: ownAttributes(groupKind) },
    { id: enterpriseSchema, name: 'EnterpriseUser', about: extension?.about, attributes: extension?.parts ?? [] },
  ];
  return all.map(({ id, name, about, attributes }) => ({
    schemas: [schemaSchema],
    ...{ id, name, description: about, attributes: attributes.map(describeAttribute) },
    meta: metaOf(baseUrl, 'Schema', `Schemas/${id}`),
  }));
}

const listOf = (all: readonly { id: string }[]) => ({
  schemas: [listSchema],
  totalResults: all.length,
  startIndex: 1,
  itemsPerPage: all.length,
  Resources: all,
});

function oneOf<T extends { readonly id: string }>(all: readonly T[], id: string): T {
  const found = all.find((one) => one.id.toLowerCase() === id.toLowerCase());
  if (found === undefined) throw new Problem('scim.not_found');
  return found;
}

const types = (baseUrl: string) => [typeOf(baseUrl, userKind), typeOf(baseUrl, groupKind)];

export const listTypes = (baseUrl: string) => listOf(types(baseUrl));
export const readType = (baseUrl: string, id: string) => oneOf(types(baseUrl), id);
export const listSchemas = (baseUrl: string) => listOf(schemas(baseUrl));
export const readSchema = (baseUrl: string, id: string) => oneOf(schemas(baseUrl), id);
