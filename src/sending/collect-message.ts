/** Collects one message's octets in memory, within its own limit and the one for all; what is too much is let go at once. */
import type { SMTPServerDataStream } from 'smtp-server';
import type { Budget } from './smtp-limits.ts';

export type Collected =
  /** The caller gives `octets.length` back to the budget when done. */
  | { readonly kind: 'message'; readonly octets: Buffer }
  | { readonly kind: 'too-large' }
  /** Too large, and no end in sight. */
  | { readonly kind: 'endless' }
  | { readonly kind: 'no-room' }
  | { readonly kind: 'broken-off' };

/** A client that does not hear us refuse is let finish up to so many times the limit: most look at replies only after that. */
const patience = 10;

export function collectMessage(stream: SMTPServerDataStream, budget: Budget, maxBytes: number): Promise<Collected> {
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let heldBytes = 0;
    let seenBytes = 0;
    let refused: 'too-large' | 'no-room' | null = null;
    const letGo = (): void => {
      budget.give(heldBytes);
      heldBytes = 0;
      chunks = [];
    };
    stream.on('data', (chunk: Buffer) => {
      seenBytes += chunk.length;
      if (seenBytes > maxBytes * patience) resolve({ kind: 'endless' });
      if (refused !== null) return;
      if (seenBytes > maxBytes) refused = 'too-large';
      else if (!budget.take(chunk.length)) refused = 'no-room';
      if (refused !== null) return letGo();
      heldBytes += chunk.length;
      chunks.push(chunk);
    });
    stream.on('end', () =>
      resolve(refused === null ? { kind: 'message', octets: Buffer.concat(chunks) } : { kind: refused }),
    );
    stream.on('error', () => {
      letGo();
      resolve({ kind: 'broken-off' });
    });
  });
}
