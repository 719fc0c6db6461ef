/**
 * Decides which parts of a message are the body its reader sees, and whether the message is sealed end to end.
 * Attachments, embedded messages, calendars, AMP and whatever could be read two ways are never bodies.
 */
import type { Part } from './read-message.ts';

export type Seal = 'signed' | 'encrypted';

export interface BodyLeaves {
  readonly html: readonly Part[];
  readonly text: readonly Part[];
  /** The HTML leaf that every reader of HTML sees first. */
  readonly pixelLeaf: Part | null;
}

const sealedTypes = new Map<string, Seal>([
  ['multipart/signed', 'signed'],
  ['multipart/encrypted', 'encrypted'],
  ['application/pkcs7-mime', 'encrypted'],
  ['application/x-pkcs7-mime', 'encrypted'],
  ['application/pgp-encrypted', 'encrypted'],
]);

/** A seal anywhere outside embedded messages; their parts are not in the tree at all. */
export function findSeal(part: Part): Seal | null {
  const seal = sealedTypes.get(part.type) ?? (part.filename && /\.p7m$/i.test(part.filename) ? 'encrypted' : null);
  if (seal) return seal;
  for (const child of part.children) {
    const inner = findSeal(child);
    if (inner) return inner;
  }
  return null;
}

interface Found {
  readonly html: Part[];
  readonly text: Part[];
}

export function findBodyLeaves(root: Part): BodyLeaves {
  const found: Found = { html: [], text: [] };
  const pixelLeaf = collect(root, found, true);
  return { ...found, pixelLeaf };
}

/** Collects the leaves below `part` and returns the one for the pixel. */
function collect(part: Part, found: Found, mayBeNamed: boolean): Part | null {
  if (part.disposition === 'attachment') return null;
  if (!part.type.startsWith('multipart/')) return collectLeaf(part, found, mayBeNamed);
  switch (part.type) {
    case 'multipart/related':
      return collectRelated(part, found);
    case 'multipart/alternative':
      // RFC 2046 §5.1.4: the last alternative that a reader understands is the one shown.
      return part.children.map((child) => collect(child, found, true)).findLast((leaf) => leaf !== null) ?? null;
    // A delivery report or a resource fork is no body.
    case 'multipart/report':
    case 'multipart/appledouble':
      return null;
    default:
      // RFC 2046 §5.1.3: unknown multiparts are read as mixed.
      return part.children.map((child) => collect(child, found, false)).find((leaf) => leaf !== null) ?? null;
  }
}

// RFC 2387 §3.2: the root is what `start` names, else the first part.
function collectRelated(part: Part, found: Found): Part | null {
  const start = part.parameters.get('start')?.replace(/^<|>$/g, '');
  const root = part.children.find((child) => start !== undefined && child.contentId === start) ?? part.children[0];
  return root ? collect(root, found, true) : null;
}

function collectLeaf(part: Part, found: Found, mayBeNamed: boolean): Part | null {
  if (!mayBeNamed && part.filename !== null) return null;
  if (part.type === 'text/plain') found.text.push(part);
  if (part.type !== 'text/html') return null;
  found.html.push(part);
  return part;
}
