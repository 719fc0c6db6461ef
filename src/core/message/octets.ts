/**
 * Octets as text and back, one character for each octet, without Node's Buffer.
 * Nothing here knows what the octets mean.
 */

// WHATWG's windows-1252 maps every octet to exactly one UTF-16 unit and ASCII to itself, so offsets in the text are
// offsets in the octets; it is the fastest such decoder outside Buffer (7 µs for 57 kB, String.fromCharCode: 200 µs).
const oneUnitPerOctet = new TextDecoder('windows-1252');
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf8Encoder = new TextEncoder();

/** ASCII is itself; an octet ≥ 0x80 becomes *some* character ≥ 0x80 (use the octets when its value matters). */
export function asciiView(octets: Uint8Array): string {
  return oneUnitPerOctet.decode(octets);
}

/** Stands for every octet ≥ 0x80 in a markup view: a character that is neither markup, white space nor a letter. */
export const hiddenCode = 1;

/** ASCII is itself, every other octet is hidden. Pure ASCII decodes six times faster and stays one byte a character. */
export function markupView(octets: Uint8Array): string {
  let first = 0;
  while (first < octets.length && (octets[first] as number) < 0x80) first++;
  if (first === octets.length) return oneUnitPerOctet.decode(octets);
  const hidden = new Uint8Array(octets);
  for (let i = first; i < hidden.length; i++) if ((hidden[i] as number) > 0x7f) hidden[i] = hiddenCode;
  return oneUnitPerOctet.decode(hidden);
}

/** The same when it is known where the octets to hide are. */
export function markupViewHiding(octets: Uint8Array, positions: readonly number[]): string {
  const hidden = new Uint8Array(octets);
  for (const position of positions) hidden[position] = hiddenCode;
  return oneUnitPerOctet.decode(hidden);
}

/** The same memory as a Uint8Array proper: subclasses (Node's Buffer) read slower and slice without copying. */
export function plainOctets(octets: Uint8Array): Uint8Array {
  return octets.constructor === Uint8Array
    ? octets
    : new Uint8Array(octets.buffer, octets.byteOffset, octets.byteLength);
}

export function utf8Octets(text: string): Uint8Array {
  return utf8Encoder.encode(text);
}

/** UTF-8 where it is valid, else windows-1252: what mail clients do with undeclared 8-bit text. */
export function guessText(octets: Uint8Array): string {
  try {
    return strictUtf8.decode(octets);
  } catch {
    return oneUnitPerOctet.decode(octets);
  }
}

/** Decodes with a label of the WHATWG Encoding Standard; an unknown label is guessed. */
export function decodeText(octets: Uint8Array, charset: string): string {
  if (charset === '' || charset === 'us-ascii' || charset === 'ascii' || charset === 'utf-8') return guessText(octets);
  const decoder = decoderFor(charset);
  return decoder ? decoder.decode(octets) : guessText(octets);
}

const decoders = new Map<string, TextDecoder | null>();

function decoderFor(charset: string): TextDecoder | null {
  const known = decoders.get(charset);
  if (known !== undefined) return known;
  let decoder: TextDecoder | null = null;
  try {
    decoder = new TextDecoder(charset);
  } catch {
    // Labels of the Encoding Standard only; others are guessed.
  }
  // Labels come from strangers: a bounded memory.
  if (decoders.size < 256) decoders.set(charset, decoder);
  return decoder;
}

export function isCharsetDecodable(charset: string): boolean {
  return decoderFor(charset) !== null;
}
