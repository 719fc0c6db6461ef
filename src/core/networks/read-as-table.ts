/**
 * Picks the networks of a few autonomous systems out of a table of all of them, `first,last,number,…` a line, by commas or
 * tabs. It reads bytes: of half a million lines only the hundredth becomes a string.
 */
export interface ReadAsTable<Class extends string> {
  /** Each range as `first-last`, in the table's own words. */
  readonly byClass: ReadonlyMap<Class, string[]>;
  readonly lines: number;
  /** Lines that are none of such a table. */
  readonly unreadable: number;
}

const [newline, comma, tab, zero, nine] = [10, 44, 9, 48, 57] as const;

export function readAsTable<Class extends string>(
  bytes: Uint8Array,
  classOf: (asNumber: number) => Class | undefined,
): ReadAsTable<Class> {
  const byClass = new Map<Class, string[]>();
  let lines = 0;
  let unreadable = 0;
  for (let at = 0; at < bytes.length; ) {
    const end = endOfLine(bytes, at);
    const second = skipField(bytes, at, end);
    const third = skipField(bytes, second, end);
    const asNumber = readNumber(bytes, third, end);
    if (end > at) lines += 1;
    if (end > at && asNumber === undefined) unreadable += 1;
    const found = asNumber === undefined ? undefined : classOf(asNumber);
    if (found !== undefined)
      add(byClass, found, `${textOf(bytes, at, second - 1)}-${textOf(bytes, second, third - 1)}`);
    at = end + 1;
  }
  return { byClass, lines, unreadable };
}

function endOfLine(bytes: Uint8Array, from: number): number {
  const end = bytes.indexOf(newline, from);
  return end < 0 ? bytes.length : end;
}

/** Where the next field begins, or behind the end. */
function skipField(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] !== comma && bytes[at] !== tab) at += 1;
  return at + 1;
}

function readNumber(bytes: Uint8Array, from: number, end: number): number | undefined {
  let value: number | undefined;
  for (let at = from; at < end; at += 1) {
    const code = bytes[at] ?? 0;
    if (code < zero || code > nine) return code === comma || code === tab || code === 13 ? value : undefined;
    value = (value ?? 0) * 10 + code - zero;
  }
  return value;
}

const textOf = (bytes: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...bytes.subarray(from, to));

function add<Class>(byClass: Map<Class, string[]>, name: Class, range: string): void {
  const known = byClass.get(name);
  if (known === undefined) byClass.set(name, [range]);
  else known.push(range);
}
