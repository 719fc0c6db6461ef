/**
 * Signs a rendered copy in the name of its sender's domain, by the keys of that domain that receivers can find. A copy
 * whose domain has none goes as it is. It changes no byte of the copy: signatures stand before it.
 */
import { type DkimKey, dkimSignatures } from '../core/senders/dkim.ts';

export async function signCopy(rendered: Buffer, keys: readonly DkimKey[], at: Date): Promise<Buffer> {
  if (keys.length === 0) return rendered;
  return Buffer.concat([Buffer.from(await dkimSignatures(rendered, keys, at), 'latin1'), rendered]);
}

/** Of `Name <address>` or an address alone, as acceptance wrote it. */
export const authorOf = (from: string): string =>
  from.endsWith('>') ? from.slice(from.lastIndexOf('<') + 1, -1) : from;
