/**
 * Turns what a publisher sent into what is stored: read, checked, merged, deflated. It is pure work on bytes, too long for
 * a thread that answers anybody; see compile-thread.ts.
 */
import { deflateSync, gunzipSync, inflateSync } from 'node:zlib';
import { classOfAsn, type NetworkClass } from '@waxwing/verdict';
import { type AddressRange, mergeRanges, prefixesOf, readNetwork } from '../core/networks/address-ranges.ts';
import { checkList, type ListFault } from '../core/networks/check-list.ts';
import { readAsTable } from '../core/networks/read-as-table.ts';
import { readList } from '../core/networks/read-list.ts';
import { type ListName, lists } from './lists.ts';

/** Networks by class, as prefixes or as `first-last`. Most lists have one class. */
export type ListContent = Readonly<Partial<Record<NetworkClass, readonly string[]>>>;

export interface CompileOrder {
  readonly name: ListName;
  readonly bytes: Uint8Array;
  /** The content in use, to compare with. */
  readonly before?: Uint8Array | undefined;
  /** Somebody says that it is right though it is small. What could harm is refused all the same. */
  readonly isForced?: boolean;
}

export type Compiled =
  | { readonly kind: 'compiled'; readonly content: Uint8Array; readonly prefixes: number }
  | { readonly kind: 'refused'; readonly code: ListFault | 'too_large'; readonly why: string };

/** The largest table known, of all autonomous systems, is some 40 MB; a deflated bomb is not unpacked. */
const maxUnpackedBytes = 256 * 1024 * 1024;

export const packContent = (content: ListContent): Uint8Array => deflateSync(JSON.stringify(content));
export const unpackContent = (content: Uint8Array): ListContent =>
  JSON.parse(inflateSync(content, { maxOutputLength: maxUnpackedBytes }).toString()) as ListContent;

export function compileList({ name, bytes, before, isForced = false }: CompileOrder): Compiled {
  const plain = unzipped(bytes);
  if (plain === undefined)
    return { kind: 'refused', code: 'too_large', why: 'It does not unpack to a list of a sane size.' };
  const earlier = before && !isForced ? unpackContent(before) : undefined;
  const atLeast = isForced ? 1 : lists[name].atLeast;
  return lists[name].class === undefined
    ? compileTable(plain, atLeast, earlier)
    : compileOne(name, plain, atLeast, earlier);
}

function unzipped(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes; // RFC 1952 §2.3.1
  try {
    return gunzipSync(bytes, { maxOutputLength: maxUnpackedBytes });
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder();

function compileOne(name: ListName, bytes: Uint8Array, atLeast: number, before: ListContent | undefined): Compiled {
  const { class: ofClass, alsoHolds } = lists[name];
  const read = readList(utf8.decode(bytes));
  if (read === undefined) return { kind: 'refused', code: 'unreadable', why: 'It is in none of the known formats.' };
  const check = checkList({ ...read, atLeast, before: ofClass && rangesOf(before?.[ofClass]) });
  if (check.kind === 'refused') return check;
  const merged = mergeRanges([...check.merged, ...(rangesOf(alsoHolds) ?? [])]);
  return compiled({ [ofClass ?? '']: prefixesOf(merged) });
}

function compileTable(bytes: Uint8Array, atLeast: number, earlier: ListContent | undefined): Compiled {
  const { byClass, lines, unreadable } = readAsTable(bytes, classOfAsn);
  if (unreadable * 100 > lines || byClass.size === 0)
    return { kind: 'refused', code: 'unreadable', why: `Of ${lines} lines ${unreadable} are none of such a table.` };
  if (lines < atLeast)
    return {
      kind: 'refused',
      code: 'too_few',
      why: `It has ${lines} lines; fewer than ${atLeast} cannot be the whole table.`,
    };
  const content: Partial<Record<NetworkClass, readonly string[]>> = {};
  for (const [ofClass, networks] of byClass) {
    const ranges = networks.flatMap((network) => readNetwork(network) ?? []);
    const before = rangesOf(earlier?.[ofClass]);
    const check = checkList({ ranges, unreadable: networks.length - ranges.length, atLeast: 1, before });
    if (check.kind === 'refused') return check;
    content[ofClass] = networks;
  }
  return compiled(content);
}

const rangesOf = (prefixes: readonly string[] | undefined): AddressRange[] | undefined =>
  prefixes && mergeRanges(prefixes.flatMap((prefix) => readNetwork(prefix) ?? []));

const compiled = (content: ListContent): Compiled => ({
  kind: 'compiled',
  content: packContent(content),
  prefixes: Object.values(content).reduce((sum, prefixes) => sum + prefixes.length, 0),
});
