/**
 * Fetches what an identity provider publishes. An account names the address, so it never leads into the operator's own
 * network unless he allows it, follows no redirect, and takes neither long nor much.
 */
import { lookup } from 'node:dns';
import { type IncomingMessage, request as requestByHttp } from 'node:http';
import { request as requestByHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import {
  AddressRefused,
  hostOf,
  isLoopbackHost,
  isPublicAddress,
  type LookupAll,
  publicLookup,
} from '../platform/public-address.ts';

/** The answer is larger than any such document. */
class AnswerTooLarge extends Error {}

interface FetchOptions {
  readonly method?: string | undefined;
  readonly headers?: ConstructorParameters<typeof Headers>[0];
  readonly body?: unknown;
  readonly signal?: AbortSignal | null | undefined;
}

export type ProviderFetch = (url: string, options: FetchOptions) => Promise<Response>;

const timeoutMs = 10_000;
const maxAnswerBytes = 1024 * 1024;

/** https; and http on this machine itself, where the operator allows it. */
export function isAskable(text: string, allowsInner: boolean): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '') return false;
  if (url.protocol === 'http:') return allowsInner && isLoopbackHost(hostOf(url));
  if (url.protocol !== 'https:') return false;
  const host = hostOf(url);
  return allowsInner || (isIP(host) > 0 ? isPublicAddress(host) : host !== 'localhost');
}

export function guardedFetch(allowsInner: boolean, lookUp: LookupAll = lookup): ProviderFetch {
  return async (url, options) => {
    if (!isAskable(url, allowsInner)) throw new AddressRefused('the address is not asked');
    const limit = AbortSignal.timeout(timeoutMs);
    const signal = options.signal == null ? limit : AbortSignal.any([limit, options.signal]);
    const answer = await ask(new URL(url), options, signal, allowsInner ? undefined : publicLookup(lookUp));
    const body = await readAll(answer);
    const status = answer.statusCode ?? 502;
    const headers = new Headers();
    for (const [name, value] of Object.entries(answer.headersDistinct))
      if (value?.[0] !== undefined) headers.set(name, value[0]);
    return new Response([204, 205, 304].includes(status) ? null : body, { status: Math.max(200, status), headers });
  };
}

function ask(
  url: URL,
  options: FetchOptions,
  signal: AbortSignal,
  lookup: LookupFunction | undefined,
): Promise<IncomingMessage> {
  const { method = 'GET', body } = options;
  const request = url.protocol === 'https:' ? requestByHttps : requestByHttp;
  const headers = { 'user-agent': 'waxwing', ...Object.fromEntries(new Headers(options.headers)) };
  const sent = body === undefined || body === null ? undefined : body instanceof Uint8Array ? body : String(body);
  return new Promise((resolve, reject) => {
    // Connections are not kept: a name may lead elsewhere the next time.
    const asked = request(url, {
      method,
      headers,
      signal,
      agent: false,
      ...(lookup === undefined ? {} : { lookup }),
    });
    asked.on('response', resolve).on('error', reject).end(sent);
  });
}

async function readAll(answer: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > maxAnswerBytes) {
      answer.destroy();
      throw new AnswerTooLarge('a provider’s answer is too large');
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}
