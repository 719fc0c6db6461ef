/**
 * Who signs mail: an account's verified domains with the keys that were seen in the DNS, opened once and kept for some
 * seconds. Shared by all of a process, so that what was verified here holds here at once.
 */
import { createPrivateKey } from 'node:crypto';
import QuickLru from 'quick-lru';
import { accountVault } from '../accounts/index.ts';
import type { DkimKey } from '../core/senders/dkim.ts';
import type { Database } from '../platform/database.ts';
import { nullWhenBroken } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { isVerifiedByAnother, listSigningRows, type SigningRow } from './store.ts';

export interface VerifiedSender {
  readonly domain: string;
  /** None: its mail goes unsigned. */
  readonly keys: readonly DkimKey[];
}

type Needs = Pick<World, 'db' | 'vault'>;
interface Kept {
  readonly senders: Promise<readonly VerifiedSender[]>;
  readonly untilMs: number;
}

const keptMs = 10_000;
const accountsAtMost = 1_000;
const keptBy = new WeakMap<Database, QuickLru<string, Kept>>();

/** The account's verified domain that this one is or is below; null: none. Mail of `news.clinic.example` is signed by `clinic.example`. */
export function senderOfDomain(senders: readonly VerifiedSender[], domain: string): VerifiedSender | null {
  if (senders.length === 0) return null;
  const name = domain.toLowerCase();
  const fitting = senders.filter((one) => name === one.domain || name.endsWith(`.${one.domain}`));
  return fitting.reduce<VerifiedSender | null>(
    (best, one) => (best !== null && best.domain.length >= one.domain.length ? best : one),
    null,
  );
}

export function verifiedSenders(world: Needs, accountId: string): Promise<readonly VerifiedSender[]> {
  const kept = keptOf(world.db);
  const known = kept.get(accountId);
  if (known !== undefined && performance.now() < known.untilMs) return known.senders;
  const senders = loadSenders(world, accountId);
  kept.set(accountId, { senders, untilMs: performance.now() + keptMs });
  senders.catch(() => kept.delete(accountId));
  return senders;
}

const domainsAtMost = 20_000;
const answersBy = new WeakMap<Database, QuickLru<string, Promise<boolean>>>();

/** Whether a domain, or one above it, was shown to be another account's: nobody else sends by it. Known for some seconds. */
export function isOfAnother({ db }: Pick<World, 'db'>, accountId: string, domain: string): Promise<boolean> {
  const known = answersBy.get(db) ?? new QuickLru({ maxSize: domainsAtMost, maxAge: keptMs });
  answersBy.set(db, known);
  const name = `${accountId} ${domain.toLowerCase()}`;
  const answer = known.get(name) ?? db.readAccount(accountId, (tx) => isVerifiedByAnother(tx, withThoseAbove(domain)));
  known.set(name, answer);
  answer.catch(() => known.delete(name));
  return answer;
}

function withThoseAbove(domain: string): string[] {
  const labels = domain.toLowerCase().split('.');
  return labels.map((_, at) => labels.slice(at).join('.'));
}

export const forgetSenders = ({ db }: Pick<World, 'db'>, accountId: string): void => void keptOf(db).delete(accountId);

function keptOf(db: Database): QuickLru<string, Kept> {
  const kept = keptBy.get(db) ?? new QuickLru<string, Kept>({ maxSize: accountsAtMost });
  keptBy.set(db, kept);
  return kept;
}

async function loadSenders(world: Needs, accountId: string): Promise<readonly VerifiedSender[]> {
  const rows = await world.db.readAccount(accountId, listSigningRows);
  if (rows.length === 0) return [];
  const vault = await accountVault(world, accountId);
  const open = ({ domain, selector, algorithm, privateKeySealed }: SigningRow): DkimKey[] => {
    if (selector === null) return [];
    try {
      return [{ algorithm, domain, selector, privateKey: privateKeyOf(vault.open('dkim.key', privateKeySealed)) }];
    } catch (error) {
      nullWhenBroken(error); // mail must go out though a key does not open
      return [];
    }
  };
  return [...Map.groupBy(rows, ({ domain }) => domain)].map(([domain, own]) => ({
    domain,
    keys: own
      .filter((row, place) => own.findIndex(({ algorithm }) => algorithm === row.algorithm) === place)
      .flatMap(open),
  }));
}

const privateKeyOf = (der: Buffer) => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
