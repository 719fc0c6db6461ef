/** The headers that tell people from machines, cut short. The rest of a request is nobody's business and is not kept. */
import type { IncomingHttpHeaders } from 'node:http';

const names = [
  ...['accept', 'accept-encoding', 'accept-language', 'connection', 'cache-control', 'pragma', 'priority', 'te'],
  ...['content-type', 'content-length', 'from', 'via', 'x-forwarded-host', 'x-requested-with', 'dnt', 'sec-gpc'],
  ...['sec-ch-ua', 'sec-ch-ua-mobile', 'sec-ch-ua-platform', 'upgrade-insecure-requests'],
  ...['sec-fetch-dest', 'sec-fetch-mode', 'sec-fetch-site', 'sec-fetch-user'],
  ...['purpose', 'x-purpose', 'sec-purpose', 'x-moz'],
] as const;

const maxValueCharacters = 256;
const maxAgentCharacters = 512;

export function evidentHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (value !== undefined) kept[name] = String(value).slice(0, maxValueCharacters);
  }
  // That a host was named tells a complete header set from a log's selection; which one is ours to know already.
  if (headers.host !== undefined) kept.host = '';
  const origin = originOf(headers.referer);
  if (origin !== undefined) kept.referer = origin;
  return kept;
}

export const userAgentOf = (headers: IncomingHttpHeaders): string | null =>
  headers['user-agent']?.slice(0, maxAgentCharacters) ?? null;

/** Where a request came from, without the page: a page's address can name a person. */
function originOf(referer: string | undefined): string | undefined {
  if (referer === undefined) return undefined;
  const origin = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s]*/i.exec(referer.slice(0, maxValueCharacters));
  return origin === null ? 'unknown' : origin[0];
}
