/** Calls any endpoint of the contract from the browser and parses its answer. It keeps nothing and never retries by itself. */
import type { z } from 'zod';
import type { Endpoint } from '../../src/contract/endpoint.ts';
import type { FieldError } from '../../src/contract/problem.ts';

type Part<Name extends string, Schema extends z.ZodType> =
  undefined extends z.input<Schema>
    ? { readonly [K in Name]?: z.input<Schema> }
    : // biome-ignore lint/complexity/noBannedTypes: `{}` is how TypeScript asks whether every field is optional
      {} extends z.input<Schema>
      ? { readonly [K in Name]?: z.input<Schema> }
      : { readonly [K in Name]: z.input<Schema> };

export type CallInput<E extends Endpoint> = Part<'params', E['params']> &
  Part<'query', E['query']> &
  Part<'body', E['body']>;

interface Refused {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly remedy: string;
  readonly fields: readonly FieldError[];
  readonly requestId: string | null;
}

/** What the server refused, or why there was no answer at all (`status` 0). */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly remedy: string;
  readonly fields: readonly FieldError[];
  readonly requestId: string | null;

  constructor(refused: Refused) {
    super(refused.title);
    this.status = refused.status;
    this.code = refused.code;
    this.title = refused.title;
    this.remedy = refused.remedy;
    this.fields = refused.fields;
    this.requestId = refused.requestId;
  }
}

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

interface LooseInput {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
}

const entries = (value: unknown): [string, unknown][] => Object.entries((value ?? {}) as Record<string, unknown>);

/** The address of an endpoint, for calls and for plain download links. */
export function addressOf<E extends Endpoint>(endpoint: E, input: CallInput<E>): string {
  const { params, query } = input as LooseInput;
  let path = endpoint.path;
  for (const [name, value] of entries(params)) path = path.replace(`{${name}}`, encodeURIComponent(String(value)));
  const search = new URLSearchParams();
  for (const [name, value] of entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size > 0 ? `${path}?${search}` : path;
}

async function refusalOf(response: Response): Promise<Refusal> {
  const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  return new Refusal({
    status: response.status,
    code: text(body.code) ?? 'server.error',
    title: text(body.title) ?? 'The server gave an answer that was not expected.',
    remedy: text(body.remedy) ?? text(body.detail) ?? 'Try again in a moment.',
    fields: Array.isArray(body.errors) ? (body.errors as FieldError[]) : [],
    requestId: text(body.requestId) ?? response.headers.get('x-request-id'),
  });
}

const noAnswer = (): Refusal =>
  new Refusal({
    status: 0,
    code: 'network.unreachable',
    title: 'Waxwing cannot be reached.',
    remedy: 'Check your connection, then try again. Nothing was lost.',
    fields: [],
    requestId: null,
  });

const misread = (requestId: string | null): Refusal =>
  new Refusal({
    status: 0,
    code: 'answer.unreadable',
    title: 'The answer could not be read.',
    remedy: 'The console may be older than the server. Reload the page.',
    fields: [],
    requestId,
  });

function requestOf(endpoint: Endpoint, body: unknown, signal: AbortSignal | undefined): RequestInit {
  const request: RequestInit = {
    method: endpoint.method,
    credentials: 'same-origin',
    headers: { Accept: 'application/json', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
  };
  if (body !== undefined) request.body = JSON.stringify(body);
  if (signal !== undefined) request.signal = signal;
  return request;
}

let proof: (() => Promise<boolean>) | undefined;

/** How whoever is at the page proves again who they are. Gives how to take that back. */
export function proveWith(prove: () => Promise<boolean>): () => void {
  proof = prove;
  return () => {
    proof = undefined;
  };
}

/** A good answer, after a fresh proof where one was asked for. */
async function provedWhenAsked(ask: () => Promise<Response>): Promise<Response> {
  const response = await ask();
  if (response.ok) return response;
  const refusal = await refusalOf(response);
  if (refusal.code !== 'auth.step_up_needed' || proof === undefined || !(await proof())) throw refusal;
  const again = await ask();
  if (!again.ok) throw await refusalOf(again);
  return again;
}

/** Throws a Refusal for every answer but the endpoint's own success. */
export async function call<E extends Endpoint>(
  endpoint: E,
  input: CallInput<E>,
  signal?: AbortSignal,
): Promise<z.output<E['result']>> {
  const request = requestOf(endpoint, (input as LooseInput).body, signal);
  const response = await provedWhenAsked(() =>
    fetch(addressOf(endpoint, input), request).catch((failure: unknown) => {
      throw signal?.aborted ? failure : noAnswer();
    }),
  );
  const body: unknown = response.status === 204 ? undefined : await response.json().catch(() => undefined);
  const parsed = endpoint.result.safeParse(body);
  if (!parsed.success) throw misread(response.headers.get('x-request-id'));
  return parsed.data as z.output<E['result']>;
}

/** The file that an endpoint answers with. Throws a Refusal as `call` does. */
export async function fetchFile<E extends Endpoint>(endpoint: E, input: CallInput<E>): Promise<Blob> {
  const response = await provedWhenAsked(() =>
    fetch(addressOf(endpoint, input), { credentials: 'same-origin' }).catch(() => {
      throw noAnswer();
    }),
  );
  return response.blob().catch(() => {
    throw noAnswer();
  });
}
