/** Turns whatever a request failed on into application/problem+json. It repeats nothing that the caller sent. RFC 9457 */
import type { FastifyError } from 'fastify';
import type { ZodError } from 'zod';
import { type FieldError, Problem, type ProblemCode, problemKinds } from '../contract/problem.ts';
import { scimErrorTypeOf, scimPath, scimType } from '../contract/provisioning.ts';
import { DatabaseUnavailable } from './database.ts';

export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly remedy: string;
  readonly requestId: string;
  readonly errors?: readonly FieldError[];
}

function problemDocument(problem: Problem, requestId: string): ProblemDocument {
  const { title, status, remedy } = problemKinds[problem.code];
  return {
    type: `urn:waxwing:problem:${problem.code}`,
    title,
    status,
    detail: `${title} ${remedy}`,
    code: problem.code,
    remedy,
    requestId,
    ...(problem.fields.length > 0 ? { errors: problem.fields } : {}),
  };
}

/** A directory understands the errors of its own protocol; our code and request id stand beside. RFC 7644 §3.12 */
function scimError(problem: Problem, requestId: string) {
  const { detail, status, code, errors = [] } = problemDocument(problem, requestId);
  const scimErrorType = scimErrorTypeOf(problem.code);
  return {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
    status: String(status),
    ...(scimErrorType === undefined ? {} : { scimType: scimErrorType }),
    detail: [detail, ...errors.map(({ field, message }) => `${field} ${message}.`)].join(' '),
    ...{ code, requestId },
  };
}

/** In which form a refusal is told at a path. */
export const problemForm = (url: string, problem: Problem, requestId: string): { type: string; document: unknown } =>
  url.startsWith(`${scimPath}/`)
    ? { type: scimType, document: scimError(problem, requestId) }
    : { type: 'application/problem+json', document: problemDocument(problem, requestId) };

/** https://fastify.dev/docs/latest/Reference/Errors/ */
const ofFastify: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'request.too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'request.unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'request.malformed',
  FST_ERR_BAD_URL: 'route.not_found',
  FST_ERR_MAX_PARAM_LENGTH: 'route.not_found',
};

/** A character that PostgreSQL keeps in no text: U+0000. PostgreSQL docs, appendix A: 22021, and in jsonb 22P05. */
const isUnstorableText = (code: string | undefined): boolean => code === '22021' || code === '22P05';

/** Undefined: nobody foresaw it, so it is our fault. */
export function asProblem(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof DatabaseUnavailable) return new Problem('server.unavailable');
  const code = ofFastify[(error as FastifyError | undefined)?.code ?? ''];
  if (code !== undefined) return new Problem(code);
  if (isUnstorableText((error as FastifyError | undefined)?.code)) return new Problem('request.malformed');
  const status = (error as FastifyError | undefined)?.statusCode;
  return status !== undefined && status >= 400 && status < 500 ? new Problem('request.malformed') : undefined;
}

export const fieldErrors = (error: ZodError, prefix = ''): FieldError[] =>
  error.issues.slice(0, 50).flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return { field: prefix + fieldName(issue.path), message: issue.message };
    return issue.keys.map((key) => ({ field: prefix + fieldName([...issue.path, key]), message: 'Unknown field' }));
  });

const fieldName = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (name, part) =>
      typeof part === 'number' ? `${name}[${part}]` : name === '' ? String(part) : `${name}.${String(part)}`,
    '',
  );
