/**
 * Hands a report to an HTTPS address that somebody's DNS names (RFC 8460 §5.4). It goes to public addresses only, follows
 * no redirect, takes neither long nor much, and keeps nothing of the answer.
 */
import { request } from 'node:https';
import { isIP } from 'node:net';
import { hostOf, isPublicAddress, publicLookup } from '../platform/public-address.ts';
import { webAgent } from '../platform/trusted-roots.ts';

/** True: it was taken. */
export type PostReport = (url: string, packed: Uint8Array) => Promise<boolean>;

export interface PostOptions {
  /** Private networks too: in a test laboratory. */
  readonly allowsPrivate?: boolean;
  /** PEM certificates trusted beside the system's. */
  readonly trusted?: readonly string[] | undefined;
}

const totalMs = 30_000;
const maxAnswerBytes = 64 * 1024;

export function openPost({ allowsPrivate = false, trusted = [] }: PostOptions): PostReport {
  return (text, packed) => {
    const url = new URL(text);
    const host = hostOf(url);
    if (!allowsPrivate && isIP(host) !== 0 && !isPublicAddress(host)) return Promise.resolve(false);
    return new Promise((resolve) => {
      const asked = request(url, {
        method: 'POST',
        agent: webAgent(trusted),
        signal: AbortSignal.timeout(totalMs),
        headers: {
          'content-type': 'application/tlsrpt+gzip',
          'content-length': packed.length,
          'user-agent': 'waxwing (TLSRPT)',
        },
        ...(allowsPrivate ? {} : { lookup: publicLookup() }),
      });
      asked.on('response', (answer) => {
        const status = answer.statusCode ?? 0;
        let sizeBytes = 0;
        answer.on('data', (part: Buffer) => {
          sizeBytes += part.length;
          if (sizeBytes > maxAnswerBytes) answer.destroy();
        });
        answer.on('error', () => undefined);
        resolve(status >= 200 && status < 300);
      });
      asked.on('error', () => resolve(false));
      asked.end(packed);
    });
  };
}
