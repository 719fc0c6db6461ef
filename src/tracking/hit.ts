/**
 * One request to a tracking URL, as the edge saw it and the journal keeps it. Written as a compact JSON array; what was
 * not said is null. It knows no file and no database.
 */
import { type HitKind, honeypotLink, type TokenClaim, type TokenContent, type TokenReading } from '../core/token.ts';
import type { UnsubscribeWill } from '../core/unsubscribing/one-click-body.ts';

/** Whose hit it is, as far as its token says. */
export type HitSubject =
  | { readonly kind: 'recipient'; readonly accountId: string; readonly messageId: string; readonly recipientId: string }
  | { readonly kind: 'anonymous'; readonly accountId: string; readonly campaignId: number }
  /** The token does not open; its handle, or what it still claims, may lead to the recipient. */
  | { readonly kind: 'derived'; readonly handle: string; readonly claim: TokenClaim | null }
  /** Nothing leads anywhere. */
  | { readonly kind: 'unknown' };

export interface JournaledHit {
  readonly id: string;
  readonly atMs: number;
  /** By the route that was asked, whatever its token was made for. */
  readonly kind: HitKind;
  readonly token: 'valid' | 'damaged';
  readonly subject: HitSubject;
  /** Null for the link that nobody can see, too. */
  readonly linkIndex: number | null;
  readonly isHoneypot: boolean;
  readonly method: string;
  readonly ip: string | null;
  readonly isHttps: boolean;
  readonly userAgent: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Of a hit that another provider saw: what it said of it. The edge never says it. */
  readonly providerSays?: 'prefetch' | 'machine';
}

/** Somebody unsubscribed by the link of their copy. Who asked, and from where, is not kept: the token says all there is to know. */
export interface JournaledUnsubscription {
  readonly kind: 'unsubscribe';
  readonly id: string;
  readonly atMs: number;
  readonly subject: Extract<HitSubject, { kind: 'recipient' }>;
  /** By their mail program's own button (RFC 8058), or on the page of the link. */
  readonly will: UnsubscribeWill;
}

/** What the journal holds. */
export type JournalEntry = JournaledHit | JournaledUnsubscription;

export const isHit = (entry: JournalEntry): entry is JournaledHit => entry.kind !== 'unsubscribe';

/** What a token tells of a hit; `not-a-token` has nothing to tell and is not journaled. */
export type HitToken = Pick<JournaledHit, 'token' | 'subject' | 'linkIndex' | 'isHoneypot'>;

export function hitToken(reading: TokenReading): HitToken {
  switch (reading.kind) {
    case 'valid':
    case 'misplaced': {
      const { accountId, subject } = reading.content;
      return {
        token: reading.kind === 'valid' ? 'valid' : 'damaged',
        subject:
          subject.level === 'anonymous'
            ? { kind: 'anonymous', accountId, campaignId: subject.campaignId }
            : { kind: 'recipient', accountId, messageId: subject.messageId, recipientId: subject.recipientId },
        ...linkOf(reading.content),
      };
    }
    case 'damaged': {
      const handle = Buffer.from(reading.handle).toString('hex');
      return { token: 'damaged', subject: { kind: 'derived', handle, claim: reading.claim ?? null }, ...noLink };
    }
    default:
      return { token: 'damaged', subject: { kind: 'unknown' }, ...noLink };
  }
}

const noLink = { linkIndex: null, isHoneypot: false } as const;

function linkOf(content: TokenContent): Pick<HitToken, 'linkIndex' | 'isHoneypot'> {
  if (content.kind !== 'click') return noLink;
  const isHoneypot = content.linkIndex === honeypotLink;
  return { linkIndex: isHoneypot ? null : content.linkIndex, isHoneypot };
}

type SubjectRow =
  | readonly [0, string, string, string]
  | readonly [1, string, number]
  | readonly [2, string, unknown]
  | readonly [3];
type HitRow = readonly [
  id: string,
  atMs: number,
  isClick: 0 | 1,
  isDamaged: 0 | 1,
  subject: SubjectRow,
  linkIndex: number | null,
  method: string,
  ip: string | null,
  isHttps: 0 | 1,
  userAgent: string | null,
  headers: object,
  isHoneypot?: 1,
];
type UnsubscriptionRow = readonly [id: string, atMs: number, kind: 2, subject: SubjectRow, isOnPage: 0 | 1];

export function encodeEntry(entry: JournalEntry): string {
  if (isHit(entry)) return encodeHit(entry);
  const row: UnsubscriptionRow = [entry.id, entry.atMs, 2, encodeSubject(entry.subject), entry.will === 'page' ? 1 : 0];
  return JSON.stringify(row);
}

function encodeHit(hit: JournaledHit): string {
  const row: HitRow = [
    hit.id,
    hit.atMs,
    hit.kind === 'click' ? 1 : 0,
    hit.token === 'damaged' ? 1 : 0,
    encodeSubject(hit.subject),
    hit.linkIndex,
    hit.method,
    hit.ip,
    hit.isHttps ? 1 : 0,
    hit.userAgent,
    hit.headers,
  ];
  return JSON.stringify(hit.isHoneypot ? [...row, 1] : row);
}

export const decodeEntries = (text: string): JournalEntry[] =>
  (JSON.parse(text) as (HitRow | UnsubscriptionRow)[]).map((row) =>
    row[2] === 2 ? decodeUnsubscription(row) : decodeHit(row),
  );

function decodeUnsubscription([id, atMs, , subject, isOnPage]: UnsubscriptionRow): JournaledUnsubscription {
  const whose = decodeSubject(subject);
  if (whose.kind !== 'recipient') throw new Error('the journal has an unsubscription of nobody');
  return { kind: 'unsubscribe', id, atMs, subject: whose, will: isOnPage === 1 ? 'page' : 'one-click' };
}

const decodeHit = ([id, atMs, isClick, isDamaged, subject, linkIndex, ...request]: HitRow): JournaledHit => {
  const [method, ip, isHttps, userAgent, headers, isHoneypot] = request;
  return {
    id,
    atMs,
    kind: isClick === 1 ? 'click' : 'open',
    token: isDamaged === 1 ? 'damaged' : 'valid',
    subject: decodeSubject(subject),
    linkIndex,
    isHoneypot: isHoneypot === 1,
    method,
    ip,
    isHttps: isHttps === 1,
    userAgent,
    headers: headers as Record<string, string>,
  };
};

function encodeSubject(subject: HitSubject): SubjectRow {
  switch (subject.kind) {
    case 'recipient':
      return [0, subject.accountId, subject.messageId, subject.recipientId];
    case 'anonymous':
      return [1, subject.accountId, subject.campaignId];
    case 'derived':
      return [2, subject.handle, subject.claim];
    case 'unknown':
      return [3];
  }
}

function decodeSubject(row: SubjectRow): HitSubject {
  switch (row[0]) {
    case 0:
      return { kind: 'recipient', accountId: row[1], messageId: row[2], recipientId: row[3] };
    case 1:
      return { kind: 'anonymous', accountId: row[1], campaignId: row[2] };
    case 2:
      return { kind: 'derived', handle: row[1], claim: row[2] as TokenClaim | null };
    default:
      return { kind: 'unknown' };
  }
}
