/**
 * Checks an audit export line by line and names the first entry that was altered, is missing or stands out of its place.
 * It trusts nothing but the signatures of the first and last checkpoint; it reads no file, database or key.
 */
import { type ChainedEntry, type Checkpoint, isIntact, lineOf } from './chain.ts';

export type IsSigned = (checkpoint: Checkpoint) => boolean;

/** Whether an entry may rightly not show the address that its hash speaks of. */
export type MayHideAddress = (entry: ChainedEntry) => boolean;

export interface SoundExport {
  readonly kind: 'sound';
  readonly account: string;
  readonly entries: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly from: string | null;
  readonly to: string | null;
  /** Entries that rightly no longer show from where somebody acted. */
  readonly addressesHidden: number;
}

export interface BrokenExport {
  readonly kind: 'broken';
  readonly fault:
    | 'altered'
    | 'missing'
    | 'reordered'
    | 'rewritten'
    | 'head-cut'
    | 'tail-cut'
    | 'signature'
    | 'not-an-export';
  /** The number of the first entry concerned, where one can be named. */
  readonly seq: number | null;
  readonly id: string | null;
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

export type Finding = SoundExport | BrokenExport;

/** Lines without their line ends; `null` stands for one that is not UTF-8. `isEnded`: the last line had a line end. */
export class ExportCheck {
  readonly #isSigned: IsSigned;
  readonly #mayHideAddress: MayHideAddress;
  #addressesHidden = 0;
  #lineNumber = 0;
  #first: Checkpoint | undefined;
  #last: Checkpoint | undefined;
  #seq = 0;
  #hash = '';
  #from: string | null = null;
  #to: string | null = null;
  #lastId: string | null = null;
  /** An entry came where another was due: whether that one is missing or only elsewhere shows further down. */
  #gap: { readonly due: number; readonly found: ChainedEntry; readonly line: number } | undefined;
  #fault: BrokenExport | undefined;

  constructor(isSigned: IsSigned, mayHideAddress: MayHideAddress = () => false) {
    this.#isSigned = isSigned;
    this.#mayHideAddress = mayHideAddress;
  }

  /** True when more lines can change nothing. */
  get isDecided(): boolean {
    return this.#fault !== undefined;
  }

  take(line: string | null): void {
    if (this.#fault !== undefined) return;
    this.#lineNumber++;
    const strange = this.#lineNumber === 1 ? wordsForStrange(line) : undefined;
    if (strange !== undefined) {
      this.#fault = this.#broken('not-an-export', null, strange);
      return;
    }
    const read = line === null ? undefined : readLine(line);
    if (this.#gap !== undefined) this.#lookFor(this.#gap, read);
    else if (this.#lineNumber === 1) this.#begin(read);
    else if (this.#last !== undefined) this.#takeBehindEnd(read);
    else if (read?.type === 'checkpoint') this.#end(read);
    else this.#next(read);
  }

  /** A line that is longer than any that was ever exported; nothing behind it can be trusted to be a line. */
  takeEndless(): void {
    this.#lineNumber++;
    this.#fault ??= this.#broken(
      'altered',
      this.#first === undefined ? null : this.#seq + 1,
      `Line ${this.#lineNumber} is longer than any line of an export: this is another kind of file, or it was altered there.`,
    );
  }

  finish(isEnded: boolean): Finding {
    if (this.#fault !== undefined) return this.#fault;
    if (this.#gap !== undefined) return this.#missing(this.#gap);
    if (this.#first === undefined) return this.#broken('not-an-export', null, 'The file is empty.');
    if (this.#last === undefined || !isEnded)
      return this.#broken(
        'tail-cut',
        this.#seq + 1,
        `The export ends behind entry ${this.#seq} without its signed last checkpoint: its end was cut off.`,
      );
    const { account } = this.#first;
    const entries = this.#seq - this.#first.seq;
    const range = { firstSeq: this.#first.seq + 1, lastSeq: this.#seq, from: this.#from, to: this.#to };
    return { kind: 'sound', account, entries, ...range, addressesHidden: this.#addressesHidden };
  }

  #begin(read: Line | undefined): void {
    if (read?.type !== 'checkpoint') {
      const seq = read?.seq ?? null;
      this.#fail(
        'head-cut',
        seq,
        'The export does not begin with a signed checkpoint: its head was cut off or altered.',
      );
      return;
    }
    if (!this.#isSigned(read)) {
      this.#fail('signature', null, 'The first checkpoint is not signed with the trusted key, or it was altered.');
      return;
    }
    this.#first = read;
    this.#seq = read.seq;
    this.#hash = read.hash;
  }

  #next(read: ChainedEntry | undefined): void {
    const due = this.#seq + 1;
    if (read === undefined || !isIntact(read)) {
      this.#fail('altered', due, `Entry ${due} was altered: its content is not what its hash says.`, read?.id);
    } else if (hidesAddress(read) && !this.#mayHideAddress(read)) {
      const text = `Entry ${due} was altered: the address it was written with was taken out, and the server did not sign that it is lost.`;
      this.#fail('altered', due, text, read.id);
    } else if (read.seq !== due) {
      this.#outOfPlace(read, due);
    } else if (read.prev !== this.#hash) {
      this.#notContinued(read);
    } else {
      this.#accept(read);
    }
  }

  #accept(entry: ChainedEntry): void {
    this.#seq = entry.seq;
    this.#hash = entry.hash;
    this.#from ??= entry.at;
    this.#to = entry.at;
    this.#lastId = entry.id;
    if (hidesAddress(entry)) this.#addressesHidden++;
  }

  #outOfPlace(found: ChainedEntry, due: number): void {
    if (found.seq > due) {
      this.#gap = { due, found, line: this.#lineNumber };
      return;
    }
    const text = `Entry ${found.seq} stands where entry ${due} belongs: it was moved or repeated.`;
    this.#fail('reordered', found.seq, text, found.id);
  }

  /** Whoever rewrites an entry whole, hash and all, cannot make the next one continue it. */
  #notContinued(read: ChainedEntry): void {
    const before = read.seq - 1;
    if (this.#first?.seq === before) {
      const text = `Entry ${read.seq} does not continue the first checkpoint: it was rewritten.`;
      this.#fail('rewritten', read.seq, text, read.id);
      return;
    }
    const text = `Entry ${before} was rewritten: entry ${read.seq} continues another one.`;
    this.#fail('rewritten', before, text, this.#lastId ?? undefined);
  }

  #lookFor(gap: { readonly due: number; readonly found: ChainedEntry; readonly line: number }, read?: Line): void {
    if (read?.type !== 'entry' || read.seq !== gap.due) return;
    const isNext = this.#lineNumber === gap.line + 1;
    // A late entry set before its place is followed by the one that was due; a delayed one comes some lines below.
    const moved = isNext && gap.found.seq > gap.due + 1 ? gap.found : read;
    this.#fault = {
      ...this.#broken(
        'reordered',
        moved.seq,
        `Entry ${moved.seq} is out of its place: entry ${gap.found.seq} stands where entry ${gap.due} belongs, which follows on line ${this.#lineNumber}.`,
      ),
      id: moved.id,
      line: gap.line,
    };
  }

  #missing({ due, found, line }: { readonly due: number; readonly found: ChainedEntry; readonly line: number }) {
    const which = found.seq === due + 1 ? `Entry ${due} is missing` : `Entries ${due} to ${found.seq - 1} are missing`;
    return { ...this.#broken('missing', due, `${which}: entry ${found.seq} stands in that place.`), line };
  }

  #end(checkpoint: Checkpoint): void {
    if (!this.#isSigned(checkpoint)) {
      this.#fail('signature', null, 'The last checkpoint is not signed with the trusted key, or it was altered.');
    } else if (checkpoint.account !== this.#first?.account) {
      this.#fail('signature', null, 'The two checkpoints are of different accounts.');
    } else if (checkpoint.seq > this.#seq) {
      this.#fail('missing', this.#seq + 1, `Entry ${this.#seq + 1} is missing: the export ends before it.`);
    } else if (checkpoint.seq < this.#seq) {
      const seq = checkpoint.seq + 1;
      this.#fail('reordered', seq, `Entry ${seq} stands before the checkpoint that ends before it.`);
    } else if (checkpoint.hash !== this.#hash) {
      this.#fail(
        'rewritten',
        this.#seq,
        `The chain up to entry ${this.#seq} is not the one that was signed: entries were rewritten and the chain computed anew.`,
        this.#lastId ?? undefined,
      );
    } else {
      this.#last = checkpoint;
    }
  }

  #takeBehindEnd(read: Line | undefined): void {
    const text =
      read?.type === 'checkpoint'
        ? `Another export begins on line ${this.#lineNumber}: two were put together. Check each by itself.`
        : 'There is a line behind the last checkpoint that does not belong to the export.';
    this.#fail('reordered', read?.seq ?? null, text);
  }

  #fail(fault: BrokenExport['fault'], seq: number | null, text: string, id?: string): void {
    this.#fault = { ...this.#broken(fault, seq, text), id: id ?? null };
  }

  #broken(fault: BrokenExport['fault'], seq: number | null, text: string): BrokenExport {
    return { kind: 'broken', fault, seq, id: null, line: Math.max(this.#lineNumber, 1), text };
  }
}

type Line = ChainedEntry | Checkpoint;

const hidesAddress = ({ address }: ChainedEntry): boolean => address != null && address.value === undefined;

const byteOrderMark = '\ufeff';

/** Of a first line: what happened to the whole file, where that can be told. */
function wordsForStrange(line: string | null): string | undefined {
  if (line === null || line.includes('\0'))
    return 'The file is not UTF-8 text: it is no audit export, or it was converted or compressed.';
  if (line.startsWith(byteOrderMark))
    return 'The file begins with a byte order mark: a program converted it. An export is checked as it was downloaded.';
  if (line.endsWith('\r') && readLine(line.slice(0, -1)) !== undefined)
    return 'Lines end in CR LF: a program converted the file. An export is checked as it was downloaded.';
  return undefined;
}

/** A line in our own spelling, whole and without anything added; undefined otherwise. */
function readLine(text: string): Line | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const line = value as Line;
  const isShaped = line.type === 'checkpoint' ? isCheckpoint(line) : line.type === 'entry' && isEntry(line);
  return isShaped && lineOf(line) === text ? line : undefined;
}

const isEntry = (line: ChainedEntry): boolean =>
  Number.isSafeInteger(line.seq) && [line.prev, line.hash, line.id, line.at].every(isText);

const isCheckpoint = (line: Checkpoint): boolean =>
  Number.isSafeInteger(line.seq) && [line.account, line.hash, line.at, line.key, line.signature].every(isText);

const isText = (value: unknown): boolean => typeof value === 'string';
