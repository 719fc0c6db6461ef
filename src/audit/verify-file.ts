/** Reads an audit export line by line, of any length, and has it checked. It needs no server and no database. */
import type { KeyObject } from 'node:crypto';
import { ExportCheck, type Finding } from '../core/audit/verify.ts';
import { isCheckpointOf, isSignedAsLost } from './signing.ts';

const lineFeed = 10;
/** Far beyond any entry: a file without line ends is not read into memory whole. */
const longestLineBytes = 1024 * 1024;

export const verifyExport = (chunks: AsyncIterable<Uint8Array>, publicKey: KeyObject): Promise<Finding> =>
  readThrough(
    chunks,
    new ExportCheck(
      (checkpoint) => isCheckpointOf(publicKey, checkpoint),
      (entry) => isSignedAsLost(publicKey, entry),
    ),
  );

/** A chain as `storedChain` tells it: no address is opened for it. */
export const verifyStored = (chunks: AsyncIterable<Uint8Array>, publicKey: KeyObject): Promise<Finding> =>
  readThrough(
    chunks,
    new ExportCheck(
      (checkpoint) => isCheckpointOf(publicKey, checkpoint),
      () => true,
    ),
  );

async function readThrough(chunks: AsyncIterable<Uint8Array>, check: ExportCheck): Promise<Finding> {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rest: Uint8Array = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(lineFeed); end >= 0; end = rest.indexOf(lineFeed)) {
      check.take(textOf(utf8, rest.subarray(0, end)));
      rest = rest.subarray(end + 1);
    }
    if (rest.length > longestLineBytes) check.takeEndless();
    if (check.isDecided) return check.finish(false);
  }
  if (rest.length > 0) check.take(textOf(utf8, rest));
  return check.finish(rest.length === 0);
}

function textOf(utf8: TextDecoder, line: Uint8Array): string | null {
  try {
    return utf8.decode(line);
  } catch {
    return null;
  }
}
