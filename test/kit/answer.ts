/** What any route answered. Tests of contracts parse answers; those of behaviour only look into them, field by field. */

// biome-ignore lint/suspicious/noExplicitAny: whatever a route answers, of whichever shape; a wrong guess fails the test that made it
export type Body = any;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Undefined: there was none, or it is not JSON. */
  readonly body: Body;
}

/** Bodies that are text already go as they are. */
export async function askAt(
  url: string,
  method: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = text !== '' && /[/+]json\b(?!-)/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
}
