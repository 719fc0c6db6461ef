/** The stored hits of a batch, opened and ready to be judged, and whose hits do not open. It judges nothing. */
import { readSettings } from '../accounts/index.ts';
import { type AccountKeys, type HitDetail, type JudgedHit, loadSources, messageSealers } from '../events/index.ts';
import { type KnownHabits, knownHabits, noHabits } from '../habits/index.ts';
import type { Tx } from '../platform/database.ts';
import { nullWhenBroken } from '../platform/vault.ts';
import { type OpenRequest, requestOpener, type SourceMark, spreadWindowMs } from '../tracking/index.ts';
import { type HistoryRow, selectHistory } from './history-store.ts';
import type { Batch } from './walk-history.ts';

export interface LoadedHistory {
  /** By recipient, oldest first. */
  readonly hits: ReadonlyMap<string, readonly JudgedHit[]>;
  /** Recipients with a hit whose evidence does not open: without it their others would look different. */
  readonly unreadable: ReadonlySet<string>;
  /** Hits of the same sources, where the verdicts beside these hits do not tell how many recipients a source reached. */
  readonly sources: readonly SourceMark[];
  readonly openRequest: OpenRequest;
  readonly habits: KnownHabits;
}

export async function loadHistory(tx: Tx, account: AccountKeys, batch: Batch, now: Date): Promise<LoadedHistory> {
  const rows = await selectHistory(tx, account.accountId, {
    recipientIds: batch.recipients.map(({ id }) => id),
    since: batch.recipients[0]?.acceptedAt ?? 'infinity',
    slice: batch.slice,
  });
  const hits = new Map<string, JudgedHit[]>();
  const unreadable = new Set<string>();
  for (const row of rows) {
    const detail = openDetail(account, row.detail_sealed);
    if (detail === null) unreadable.add(row.recipient_id);
    const hit = judgedHit(row, detail ?? notReadable);
    const own = hits.get(row.recipient_id);
    if (own === undefined) hits.set(row.recipient_id, [hit]);
    else own.push(hit);
  }
  for (const own of hits.values()) own.sort(byTime);
  const { learnScannerHabits } = await readSettings(tx);
  const times = rows.map((row) => row.occurred_at);
  const sealerOf = await messageSealers(
    tx,
    account,
    rows.map((row) => row.message_id),
  );
  return {
    hits,
    unreadable,
    sources: await untoldSources(tx, account, [...hits.values()].flat()),
    openRequest: await requestOpener(tx, { ...account, sealerOf }, times, now),
    habits: learnScannerHabits ? await knownHabits(tx, account.accountId, now) : noHabits,
  };
}

const byTime = (one: JudgedHit, other: JudgedHit): number =>
  one.occurredAt.getTime() - other.occurredAt.getTime() || (one.id < other.id ? -1 : 1);

/** In the place of what does not open; it is judged by nobody. */
const notReadable: HitDetail = { request: { method: '', token: 'valid' }, evidence: null };

function openDetail({ vault }: AccountKeys, sealed: Buffer): HitDetail | null {
  try {
    return JSON.parse(vault.open('event.detail', sealed).toString()) as HitDetail;
  } catch (error) {
    return nullWhenBroken(error);
  }
}

function judgedHit(row: HistoryRow, detail: HitDetail): JudgedHit {
  const { verdict, strength, actor, unknowable, ruleset, occurred_at: occurredAt } = row;
  return {
    id: row.id,
    kind: row.type === 'opened' ? 'open' : 'click',
    occurredAt,
    messageId: row.message_id,
    recipientId: row.recipient_id,
    linkIndex: row.link_index,
    sourceKey: row.source_key,
    detail,
    verdict: {
      ...{ verdict, strength, actor, unknowable, reasons: reasonsOf(row.reasons), ruleset },
      judgedAt: occurredAt, // when it was formed and when it settles is written anew or not at all
      settlesAt: occurredAt,
    },
  };
}

type Reasons = JudgedHit['verdict']['reasons'];
const knownReasons = new Map<string, Reasons>();
const mostReasons = 20_000;

function reasonsOf(text: string): Reasons {
  const known = knownReasons.get(text);
  if (known !== undefined) return known;
  if (knownReasons.size >= mostReasons) knownReasons.clear();
  const read = JSON.parse(text) as Reasons;
  knownReasons.set(text, read);
  return read;
}

const hitsPerSource = 200;

/**
 * What later hits showed of a source stands in the verdict's reasons alone. A ruleset without the rules that say so has not
 * written it down, so the sources of such verdicts are counted again.
 */
async function untoldSources(tx: Tx, account: AccountKeys, hits: readonly JudgedHit[]): Promise<SourceMark[]> {
  const untold = hits.filter(({ verdict, sourceKey }) => sourceKey !== null && keepsSilent(verdict.ruleset));
  if (untold.length === 0) return [];
  const keys = new Map(untold.map(({ sourceKey }) => [Buffer.from(sourceKey ?? []).toString('hex'), sourceKey]));
  const times = untold.map(({ occurredAt }) => occurredAt.getTime());
  const found = await loadSources(
    tx,
    account,
    [...keys.values()].flatMap((key) => key ?? []),
    {
      since: new Date(Math.min(...times) - spreadWindowMs),
      until: new Date(Math.max(...times) + spreadWindowMs),
      hitsPerSource,
    },
  );
  return found.map(({ sourceKey, recipientId, occurredAt }) => ({
    sourceKey,
    recipientId,
    atMs: occurredAt.getTime(),
  }));
}

const keepsSilent = (ruleset: string): boolean => / without .*\bshared-source-/.test(ruleset);
