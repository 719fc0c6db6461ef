/** A word in every spelling in which it could lie on a disk, and a search for it through files and folders. */
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Find {
  readonly where: string;
  readonly spelling: string;
  /** What stands around it, readable. */
  readonly context: string;
}

interface Needle {
  readonly spelling: string;
  readonly bytes: Buffer;
}

/** Base64 of a text that begins at each of the three places within a group; only the letters it alone decides. */
function base64Spellings(text: string): Needle[] {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]).toString('base64');
    const from = Math.ceil((offset * 4) / 3);
    const to = Math.floor(((offset + Buffer.byteLength(text)) * 4) / 3);
    return { spelling: `base64 +${offset}`, bytes: Buffer.from(encoded.slice(from, to)) };
  });
}

function spellingsOf(text: string): Needle[] {
  const plain = Buffer.from(text);
  const hex = plain.toString('hex');
  const wide = Buffer.from(text, 'utf16le');
  const quoted = hex.toUpperCase().replace(/../g, '=$&');
  return [
    { spelling: 'plain', bytes: plain },
    { spelling: 'hex', bytes: Buffer.from(hex) },
    { spelling: 'HEX', bytes: Buffer.from(hex.toUpperCase()) },
    { spelling: 'UTF-16LE', bytes: wide },
    { spelling: 'UTF-16BE', bytes: Buffer.from(wide).swap16() },
    { spelling: 'quoted-printable', bytes: Buffer.from(quoted) },
    { spelling: 'percent', bytes: Buffer.from(quoted.replaceAll('=', '%')) },
    ...base64Spellings(text),
  ];
}

/** As given, in small and in capital letters, each in every spelling. */
export const needlesFor = (texts: readonly string[]): readonly Needle[] =>
  [...new Set(texts.flatMap((text) => [text, text.toLowerCase(), text.toUpperCase()]))].flatMap(spellingsOf);

export function findIn(where: string, hay: Buffer, needles: readonly Needle[]): Find[] {
  return needles.flatMap(({ spelling, bytes }) => {
    const at = hay.indexOf(bytes);
    if (at < 0) return [];
    const context = hay.subarray(Math.max(0, at - 80), at + bytes.length + 80).toString('latin1');
    return [{ where, spelling, context: context.replace(/[^\x20-\x7e]+/g, '·') }];
  });
}

/** Every file below, whatever it is called; a file that goes away meanwhile is none. */
export function findBelow(folder: string, needles: readonly Needle[]): { finds: Find[]; files: number; bytes: number } {
  const total = { finds: [] as Find[], files: 0, bytes: 0 };
  if (!existsSync(folder)) return total;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    total.finds.push(...findIn(`the name of ${path}`, Buffer.from(entry.name), needles));
    const content = entry.isFile() ? contentOf(path) : undefined;
    if (content === undefined) continue;
    total.files += 1;
    total.bytes += content.length;
    total.finds.push(...findIn(path, content, needles));
  }
  return total;
}

function contentOf(path: string): Buffer | undefined {
  try {
    return lstatSync(path).isFile() ? readFileSync(path) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
