/** The OpenAPI document, made from the same schemas that validate requests. */
import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiResponsesObject } from 'zod-openapi';
import type { Endpoint } from './endpoint.ts';
import { type ProblemCode, problemKinds } from './problem.ts';
import { scimPath, scimType } from './provisioning.ts';

const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().meta({ description: 'Documented, and never reused for another meaning.' }),
    remedy: z.string(),
    requestId: z.string(),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'The fields that were wrong; never their values.' }),
  })
  .meta({ id: 'Problem' });

/** RFC 7644 §3.12, with our code and request id beside. */
const scimProblem = z
  .object({
    schemas: z.array(z.string()),
    status: z.string(),
    scimType: z.string().optional(),
    detail: z.string(),
    code: z.string(),
    requestId: z.string(),
  })
  .meta({ id: 'ScimProblem' });

const always: readonly ProblemCode[] = ['server.error', 'server.unavailable'];
const withKey: readonly ProblemCode[] = [
  'auth.missing',
  'auth.invalid',
  'auth.forbidden',
  'auth.account_wide',
  'request.cross_site',
  'request.rate_limited',
];
const withInput: readonly ProblemCode[] = ['request.malformed'];
const withBody: readonly ProblemCode[] = [
  'request.invalid_json',
  'request.too_large',
  'request.unsupported_media_type',
];

export function openApiDocument(endpoints: readonly Endpoint[], version: string): ReturnType<typeof createDocument> {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const endpoint of endpoints) {
    paths[endpoint.path] ??= {};
    Object.assign(paths[endpoint.path] ?? {}, { [endpoint.method.toLowerCase()]: operation(endpoint) });
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Waxwing',
      version,
      description: 'Email that tells people from machines. Errors are application/problem+json with a documented code.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ apiKey: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key.' },
        session: { type: 'apiKey', in: 'cookie', name: 'waxwing', description: 'The console’s session.' },
      },
    },
  });
}

function operation(endpoint: Endpoint): ZodOpenApiOperationObject {
  const headers = Object.entries(endpoint.headers ?? {}).map(
    ([name, description]) => [name, z.string().optional().meta({ description })] as const,
  );
  return {
    operationId: endpoint.name,
    summary: endpoint.summary,
    tags: [endpoint.area],
    ...(endpoint.open ? { security: [] } : {}),
    requestParams: {
      ...objectOf('path', endpoint.params),
      ...objectOf('query', endpoint.query),
      ...(headers.length > 0 ? { header: z.object(Object.fromEntries(headers)) } : {}),
    },
    ...(isNothing(endpoint.body) ? {} : { requestBody: { required: true, content: requestContent(endpoint) } }),
    responses: responses(endpoint),
  };
}

function requestContent({ body, takes = [] }: Endpoint) {
  const others = Object.fromEntries(takes.map((type) => [type, { schema: z.string() }]));
  return { 'application/json': { schema: body }, ...others };
}

const isNothing = (schema: z.ZodType): boolean => schema instanceof z.ZodUndefined;

const objectOf = (place: 'path' | 'query', schema: z.ZodType): Record<string, z.ZodObject> =>
  schema instanceof z.ZodObject && Object.keys(schema.shape).length > 0 ? { [place]: schema } : {};

function responses(endpoint: Endpoint): ZodOpenApiResponsesObject {
  const schemaOf = (type: string): z.ZodType => (type.endsWith('+json') ? endpoint.result : z.string());
  const others = Object.fromEntries((endpoint.alsoAs ?? []).map((type) => [type, { schema: schemaOf(type) }]));
  const result = isNothing(endpoint.result)
    ? { description: 'Done.' }
    : { description: 'Done.', content: { 'application/json': { schema: endpoint.result }, ...others } };
  return { [String(endpoint.status)]: result, ...problemResponses(endpoint) } as ZodOpenApiResponsesObject;
}

function problemResponses(endpoint: Endpoint): Record<string, unknown> {
  const takesInput = [endpoint.params, endpoint.query, endpoint.body].some(
    (schema) => !isNothing(schema) && !(schema instanceof z.ZodObject && Object.keys(schema.shape).length === 0),
  );
  const codes = [
    ...(endpoint.open ? [] : withKey),
    ...(takesInput ? withInput : []),
    ...(isNothing(endpoint.body) ? [] : withBody),
    ...endpoint.problems,
    ...always,
  ];
  const content = endpoint.path.startsWith(`${scimPath}/`)
    ? { [scimType]: { schema: scimProblem } }
    : { 'application/problem+json': { schema: problem } };
  const byStatus = Map.groupBy(codes, (code) => problemKinds[code].status);
  return Object.fromEntries(
    [...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, ofStatus]) => [
        String(status),
        {
          description: ofStatus.map((code) => `\`${code}\`: ${problemKinds[code].title}`).join('\n\n'),
          content,
        },
      ]),
  );
}
