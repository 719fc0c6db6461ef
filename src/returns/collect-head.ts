/**
 * Takes in one report and keeps its beginning: what a server says stands before the message it returns, which may be large.
 * Memory is bounded by what is kept, whatever is sent.
 */
import type { SMTPServerDataStream } from 'smtp-server';

export type Head =
  | { readonly kind: 'report'; readonly octets: Buffer }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'broken-off' };

export function collectHead(
  stream: SMTPServerDataStream,
  limits: { readonly keptBytes: number; readonly maxBytes: number },
): Promise<Head> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let seenBytes = 0;
    let keptBytes = 0;
    stream.on('data', (chunk: Buffer) => {
      seenBytes += chunk.length;
      if (keptBytes >= limits.keptBytes) return;
      const kept = chunk.subarray(0, limits.keptBytes - keptBytes);
      // A copy: a slice would keep the whole packet.
      chunks.push(Buffer.from(kept));
      keptBytes += kept.length;
    });
    stream.on('end', () =>
      resolve(seenBytes > limits.maxBytes ? { kind: 'too-large' } : { kind: 'report', octets: Buffer.concat(chunks) }),
    );
    stream.on('error', () => resolve({ kind: 'broken-off' }));
  });
}
