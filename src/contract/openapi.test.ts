import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openApiDocument } from './openapi.ts';
import { readProvisioning, readScimConfig, scimType } from './provisioning.ts';

interface Described {
  readonly content: Record<string, { schema: { $ref?: string; type?: string } }>;
}

const { paths } = openApiDocument([readScimConfig, readProvisioning], '1') as unknown as {
  paths: Record<string, { get: { responses: Record<string, Described> } }>;
};
const described = (path: string, status: string) => paths[path]?.get.responses[status]?.content;

it('describes an answer of SCIM as the object that it is', () => {
  const answers = described('/scim/v2/ServiceProviderConfig', '200');
  assert.deepEqual(answers?.[scimType], answers?.['application/json']);
  assert.equal(answers?.[scimType]?.schema.$ref, '#/components/schemas/ScimAnswer');
});

it('describes a refusal in the form that its path tells it in', () => {
  const refusal = described('/scim/v2/ServiceProviderConfig', '401');
  assert.deepEqual(refusal, { [scimType]: { schema: { $ref: '#/components/schemas/ScimProblem' } } });
  assert.deepEqual(Object.keys(described('/v1/provisioning', '401') ?? {}), ['application/problem+json']);
});
