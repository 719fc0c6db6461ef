/** Finds the tracking URLs in a received copy, as a mail client would, and sends a visitor's real HTTP request. */
import { request } from 'node:http';
import PostalMime from 'postal-mime';
import type { Act } from './script.ts';

export interface TrackedCopy {
  readonly pixel: string;
  /** Distinct tracked links in the order in which they stand. */
  readonly links: readonly string[];
}

export async function readCopy(bytes: Uint8Array, trackingUrl: string): Promise<TrackedCopy> {
  const { html } = await PostalMime.parse(bytes);
  const urls = [...(html ?? '').matchAll(/(?:href|src)="([^"]+)"/g)].map(([, url]) => url ?? '');
  const under = (path: string) => [...new Set(urls.filter((url) => url.startsWith(`${trackingUrl}${path}`)))];
  const [pixel] = under('/o/');
  if (pixel === undefined) throw new Error('a delivered copy has no pixel');
  return { pixel, links: under('/c/') };
}

const addressOf = (act: Act, copy: TrackedCopy): string => {
  const url = act.kind === 'open' ? copy.pixel : (copy.links[act.link % copy.links.length] ?? copy.pixel);
  if (act.damaged !== true) return url;
  const middle = url.length - 20;
  return `${url.slice(0, middle)}${url[middle] === 'x' ? 'y' : 'x'}${url.slice(middle + 1)}`;
};

/** One request from the visitor's address, told by X-Forwarded-For as a trusted proxy would. */
export function visit(act: Act, copy: TrackedCopy): Promise<void> {
  const headers = { ...act.headers, 'x-forwarded-for': act.address, 'x-forwarded-proto': 'https' };
  return new Promise((resolve, reject) => {
    const sent = request(addressOf(act, copy), { method: act.method, headers }, (response) => {
      response.resume();
      response.on('end', resolve);
    });
    sent.on('error', reject);
    sent.end();
  });
}
