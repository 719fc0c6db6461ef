/**
 * Reads the structure of a message in one linear pass: header fields and the tree of parts, as spans of the octets.
 * It copies and decodes nothing, never opens an embedded message, and refuses hostile shapes with a value.
 */
import { fieldsNamed, fieldValue, type HeaderField, readHeaderLine } from './header-fields.ts';
import { defaultMessageLimits, type MessageLimits, type MessageRefusal, refuse } from './limits.ts';
import { plainOctets, utf8Octets } from './octets.ts';
import { readStructuredValue } from './parameters.ts';

export interface Part {
  /** `type/subtype` in lower case; RFC 2045 §5.2's default when absent or unreadable. */
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** Content-Transfer-Encoding in lower case; `7bit` when absent. */
  readonly encoding: string;
  readonly disposition: string;
  readonly filename: string | null;
  /** Without angle brackets. */
  readonly contentId: string | null;
  /** Two readers could see two different parts (contradicting headers): nothing inside may be changed. */
  readonly isAmbiguous: boolean;
  readonly fields: readonly HeaderField[];
  readonly start: number;
  readonly bodyStart: number;
  /** Before the CRLF that belongs to the following delimiter (RFC 2046 §5.1.1). */
  readonly bodyEnd: number;
  readonly children: readonly Part[];
  readonly depth: number;
}

export interface ReadMessage {
  readonly kind: 'message';
  readonly octets: Uint8Array;
  /** Where the empty line after the header block begins (or the end of the message). */
  readonly headerEnd: number;
  readonly root: Part;
  readonly partCount: number;
}

type Draft = { -readonly [key in keyof Part]: Part[key] } & { fields: HeaderField[]; children: Draft[] };

interface OpenMultipart {
  readonly part: Draft;
  readonly boundary: Uint8Array;
}

interface Scan {
  readonly octets: Uint8Array;
  readonly limits: MessageLimits;
  readonly open: OpenMultipart[];
  /** The part whose header or body is being read; null in an epilogue. */
  current: Draft | null;
  isInHeader: boolean;
  headerLines: number;
  partCount: number;
  headerEnd: number;
}

export function readMessage(
  message: Uint8Array,
  limits: MessageLimits = defaultMessageLimits,
): ReadMessage | MessageRefusal {
  const octets = plainOctets(message);
  const root = newPart(0, 0, 'text/plain');
  const scan: Scan = {
    octets,
    limits,
    open: [],
    current: root,
    isInHeader: true,
    headerLines: 0,
    partCount: 1,
    headerEnd: octets.length,
  };
  let start = 0;
  while (start < octets.length) {
    const end = findLineEnd(octets, start);
    if (end === nulOctet) return refuse('message.nul_octet', 'There is an octet of value zero.');
    if (end < 0) return refuse('message.bare_newline', 'A line ends in a carriage return or line feed alone.');
    if (end - start > limits.lineOctetsMax)
      return refuse('message.line_too_long', `A line is longer than ${limits.lineOctetsMax} octets.`);
    const refusal = takeLine(scan, start, end);
    if (refusal) return refusal;
    start = end + 2;
  }
  const refusal = finish(scan);
  return refusal ?? { kind: 'message', octets, headerEnd: scan.headerEnd, root, partCount: scan.partCount };
}

const bareNewline = -1;
const nulOctet = -2;

/**
 * The position of the CRLF (or the end of the message), or what is wrong before it: a bare CR or LF (RFC 5321 §2.3.8), or a
 * NUL (RFC 5322 §2.2, RFC 6152 §2), behind which a next hop that drops it would see another end of data than we did.
 */
function findLineEnd(octets: Uint8Array, start: number): number {
  const length = octets.length;
  for (let i = start; i < length; i++) {
    const octet = octets[i] as number;
    if (octet > 13) continue;
    if (octet === 13) return octets[i + 1] === 10 ? i : bareNewline;
    if (octet === 10) return bareNewline;
    if (octet === 0) return nulOctet;
  }
  return length;
}

function takeLine(scan: Scan, start: number, end: number): MessageRefusal | null {
  const { octets } = scan;
  if (scan.open.length > 0 && octets[start] === 0x2d && octets[start + 1] === 0x2d) {
    const delimiter = matchDelimiter(scan, start, end);
    if (delimiter) return takeDelimiter(scan, start, end, delimiter);
  }
  return scan.isInHeader && scan.current ? takeHeaderLine(scan, scan.current, start, end) : null;
}

interface Delimiter {
  readonly level: number;
  readonly isClose: boolean;
}

/** RFC 2046 §5.1.1: a delimiter is the whole line but for trailing white space. The innermost open boundary wins. */
function matchDelimiter(scan: Scan, start: number, end: number): Delimiter | null {
  let contentEnd = end;
  while (contentEnd > start && isBlank(scan.octets[contentEnd - 1])) contentEnd--;
  const length = contentEnd - start - 2;
  for (let level = scan.open.length - 1; level >= 0; level--) {
    const boundary = scan.open[level]?.boundary;
    if (!boundary || length < boundary.length) continue;
    if (length !== boundary.length && length !== boundary.length + 2) continue;
    if (!hasOctetsAt(scan.octets, start + 2, boundary)) continue;
    if (length === boundary.length) return { level, isClose: false };
    if (scan.octets[contentEnd - 1] === 0x2d && scan.octets[contentEnd - 2] === 0x2d) return { level, isClose: true };
  }
  return null;
}

function isBlank(octet: number | undefined): boolean {
  return octet === 0x20 || octet === 0x09;
}

function hasOctetsAt(octets: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (octets[at + i] !== wanted[i]) return false;
  return true;
}

function takeDelimiter(scan: Scan, start: number, end: number, delimiter: Delimiter): MessageRefusal | null {
  closeCurrent(scan, start);
  const parent = scan.open[delimiter.level]?.part;
  for (const { part } of scan.open.slice(delimiter.level + 1)) part.bodyEnd = Math.max(part.bodyStart, start - 2);
  scan.open.length = delimiter.isClose ? delimiter.level : delimiter.level + 1;
  scan.current = null;
  scan.isInHeader = false;
  if (delimiter.isClose || !parent) {
    // What follows the close delimiter is epilogue, but the part itself reaches to the outer delimiter.
    if (parent) parent.bodyEnd = Math.min(end + 2, scan.octets.length);
    return null;
  }
  if (++scan.partCount > scan.limits.partsMax)
    return refuse('message.too_many_parts', `The message has more than ${scan.limits.partsMax} MIME parts.`);
  const childStart = Math.min(end + 2, scan.octets.length);
  // RFC 2046 §5.1.5: the parts of a digest are messages unless they say otherwise.
  const child = newPart(
    childStart,
    parent.depth + 1,
    parent.type === 'multipart/digest' ? 'message/rfc822' : 'text/plain',
  );
  child.isAmbiguous = parent.isAmbiguous;
  parent.children.push(child);
  scan.current = child;
  scan.isInHeader = true;
  scan.headerLines = 0;
  return null;
}

function closeCurrent(scan: Scan, delimiterStart: number): void {
  const part = scan.current;
  if (!part) return;
  if (scan.isInHeader) {
    // A part without the empty line that ends its header has no body.
    describePart(scan.octets, part);
    part.bodyStart = delimiterStart;
    part.bodyEnd = delimiterStart;
  } else {
    part.bodyEnd = Math.max(part.bodyStart, delimiterStart - 2);
  }
}

function takeHeaderLine(scan: Scan, part: Draft, start: number, end: number): MessageRefusal | null {
  const { limits, octets } = scan;
  if (start === end) return endHeader(scan, part, start, Math.min(end + 2, octets.length));
  const lineEnd = Math.min(end + 2, octets.length);
  if (++scan.headerLines > limits.headerLinesMax || lineEnd - part.start > limits.headerBlockBytesMax)
    return refuse(
      'message.headers_too_large',
      `A header block is larger than ${limits.headerBlockBytesMax} bytes or ${limits.headerLinesMax} lines.`,
    );
  const line = readHeaderLine(octets, start, end);
  if (line.kind === 'field') {
    part.fields.push({ name: line.name, start, valueStart: line.valueStart, end: lineEnd });
    return null;
  }
  const last = part.fields.at(-1);
  if (line.kind === 'continuation' && last?.end === start) {
    part.fields[part.fields.length - 1] = { ...last, end: lineEnd };
    return null;
  }
  // Inside parts a stray line is skipped as mail clients do; in the message's own header it is how headers are smuggled.
  if (part.depth > 0) return null;
  return refuse('message.header_malformed', 'A line of the message header is neither a field nor its continuation.');
}

function endHeader(scan: Scan, part: Draft, emptyLineStart: number, bodyStart: number): MessageRefusal | null {
  if (part.depth === 0) scan.headerEnd = emptyLineStart;
  part.bodyStart = bodyStart;
  part.bodyEnd = scan.octets.length;
  scan.isInHeader = false;
  describePart(scan.octets, part);
  const boundary = part.parameters.get('boundary');
  if (!part.type.startsWith('multipart/') || !boundary) return null;
  if (part.depth >= scan.limits.depthMax)
    return refuse('message.nested_too_deep', `MIME parts are nested deeper than ${scan.limits.depthMax} levels.`);
  scan.open.push({ part, boundary: utf8Octets(boundary) });
  return null;
}

/** Everything still open reaches to the end: a missing close delimiter is common and harmless. */
function finish(scan: Scan): MessageRefusal | null {
  const length = scan.octets.length;
  if (scan.current && scan.isInHeader) {
    const refusal = endHeader(scan, scan.current, length, length);
    if (refusal) return refusal;
  } else if (scan.current) {
    scan.current.bodyEnd = length;
  }
  for (const { part } of scan.open) part.bodyEnd = length;
  return null;
}

function newPart(start: number, depth: number, type: string): Draft {
  return {
    type,
    parameters: new Map(),
    encoding: '7bit',
    disposition: '',
    filename: null,
    contentId: null,
    isAmbiguous: false,
    fields: [],
    start,
    bodyStart: start,
    bodyEnd: start,
    children: [],
    depth,
  };
}

/** Fills in what the Content-* fields say. The first of several equal fields counts; contradicting ones make the part ambiguous. */
function describePart(octets: Uint8Array, part: Draft): void {
  const type = soleValue(octets, part, 'content-type');
  if (type !== null) {
    const structured = readStructuredValue(type);
    part.parameters = structured.parameters;
    part.isAmbiguous ||= structured.isAmbiguous;
    if (/^[^\s/]+\/[^\s/]+$/.test(structured.value)) part.type = structured.value;
  }
  const encoding = soleValue(octets, part, 'content-transfer-encoding');
  if (encoding) part.encoding = readStructuredValue(encoding).value;
  const disposition = soleValue(octets, part, 'content-disposition');
  const structured = disposition ? readStructuredValue(disposition) : null;
  part.disposition = structured?.value ?? '';
  part.filename = structured?.parameters.get('filename') ?? part.parameters.get('name') ?? null;
  part.contentId = soleValue(octets, part, 'content-id')?.replace(/^<|>$/g, '') ?? null;
}

function soleValue(octets: Uint8Array, part: Draft, name: string): string | null {
  const values = fieldsNamed(part.fields, name).map((field) => fieldValue(octets, field));
  const first = values[0];
  if (first === undefined) return null;
  part.isAmbiguous ||= values.some((value) => value.toLowerCase() !== first.toLowerCase());
  return first;
}
