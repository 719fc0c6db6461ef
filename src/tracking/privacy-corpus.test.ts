/** Judging what is kept without address and agent comes to the same as judging whole observations, on every labelled case. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import {
  builtInNetworks,
  type Evidence,
  gatherEvidence,
  judge,
  judgeSequence,
  type Observation,
  type Verdict,
} from '@waxwing/verdict';
import type { HitVerdict, JudgedHit } from '../events/index.ts';
import { noHabits } from '../habits/index.ts';
import { openVault } from '../platform/vault.ts';
import { evidenceSources } from './gather-evidence.ts';
import { judgingAgain } from './judge-again.ts';
import { keepEvidence, restoreEvidence } from './kept-evidence.ts';
import { SourceSpreads } from './source-spread.ts';

const folder = new URL('../../packages/verdict/corpus/', import.meta.url);
const cases = readdirSync(folder)
  .filter((name) => name.endsWith('.jsonl'))
  .flatMap((name) => readFileSync(new URL(name, folder), 'utf8').trim().split('\n'))
  .map((line) => JSON.parse(line) as { readonly case: string; readonly observations: readonly Observation[] });

const root = openVault(randomBytes(32));
const vault = root.account(root.newAccountKey());
const sources = evidenceSources(vault);

type Told = Pick<Verdict, 'verdict' | 'strength' | 'actor' | 'unknowable'>;
const told = ({ verdict, strength, actor, unknowable }: Told): Told => ({ verdict, strength, actor, unknowable });

/** As an event's row holds it, sealed, and nothing else of the request. */
interface Row extends Omit<JudgedHit, 'detail' | 'verdict'> {
  readonly sealed: Buffer;
}

function stored(observation: Observation): Row {
  const evidence = gatherEvidence(observation, builtInNetworks, sources.keyOf);
  const { address, agent } = evidence.keys;
  return {
    id: evidence.id ?? randomUUID(),
    kind: evidence.kind,
    occurredAt: new Date(evidence.atMs ?? Number.NaN),
    messageId: observation.message ?? '',
    recipientId: observation.recipient ?? '',
    linkIndex: evidence.link ?? null,
    sourceKey: address === undefined || agent === undefined ? null : sources.sourceKeyOf(address, agent),
    sealed: vault.seal(
      'event.detail',
      JSON.stringify({
        request: { method: 'GET', token: evidence.isTokenDamaged ? 'damaged' : 'valid' },
        evidence: keepEvidence(evidence),
      }),
    ),
  };
}

const notYet = { verdict: 'human', strength: 'probable', actor: '', unknowable: false, reasons: [] } as const;

function read({ sealed, ...row }: Row): JudgedHit {
  const at = new Date(0);
  const verdict: HitVerdict = { ...notYet, reasons: [], ruleset: '', judgedAt: at, settlesAt: at };
  return { ...row, detail: JSON.parse(vault.open('event.detail', sealed).toString()), verdict };
}

/** Every row has a time; a line of somebody's log may have none. */
function evidenceFrom(hit: JudgedHit, spreads: SourceSpreads): Evidence {
  const evidence = { ...restoreEvidence(hit) };
  const atMs = Number.isNaN(evidence.atMs) ? undefined : evidence.atMs;
  const key = hit.sourceKey === null ? undefined : Buffer.from(hit.sourceKey).toString('hex');
  const reached = key === undefined || atMs === undefined ? undefined : spreads.at(key, atMs);
  const known = evidence.recipientsFromSource;
  return {
    ...evidence,
    atMs,
    recipientsFromSource:
      (reached && {
        within1s: Math.max(reached.within1s, known?.within1s ?? 0),
        within10min: Math.max(reached.within10min, known?.within10min ?? 0),
      }) ||
      known,
  };
}

const marksOf = (hits: readonly JudgedHit[]) =>
  hits.flatMap(({ sourceKey, recipientId, occurredAt }) =>
    sourceKey === null || recipientId === '' || Number.isNaN(occurredAt.getTime())
      ? []
      : [{ sourceKey: Buffer.from(sourceKey).toString('hex'), recipientId, atMs: occurredAt.getTime() }],
  );

/** Hits of one copy together; without both message and recipient a hit is a copy of its own. */
const copiesOf = (hits: readonly JudgedHit[]): JudgedHit[][] => [
  ...Map.groupBy(hits, ({ id, messageId, recipientId }) =>
    messageId !== '' && recipientId !== '' ? `${messageId} ${recipientId}` : id,
  ).values(),
];

function judgeKept(observations: readonly Observation[]): Told[] {
  const hits = observations.map((observation) => read(stored(observation)));
  const spreads = new SourceSpreads(marksOf(hits));
  const verdicts = new Map<JudgedHit, Told>();
  for (const copy of copiesOf(hits))
    judgeSequence(copy.map((hit) => evidenceFrom(hit, spreads))).forEach((verdict, place) => {
      const hit = copy[place];
      if (hit !== undefined) verdicts.set(hit, verdict);
    });
  return hits.map((hit) => told(verdicts.get(hit) ?? assert.fail()));
}

const nothingOpens = () => ({ ip: null, userAgent: null });
const nowhere = { domainId: 0, deliveredAt: null, deliveredVia: null, gatewayMx: null };

/** What `waxwing rejudge` does where nothing of a request can be read. */
function judgeAgain(observations: readonly Observation[]): Told[] {
  const hits = observations.map((observation) => read(stored(observation)));
  const again = judgingAgain({ networks: builtInNetworks, disabledRules: [] });
  const verdicts = new Map<JudgedHit, Told>();
  for (const copy of copiesOf(hits)) {
    const known = {
      recipient: nowhere,
      hits: copy,
      isEachAlone: false,
      sources: marksOf(hits),
      openRequest: nothingOpens,
      habits: noHabits,
    };
    again(known, new Date(0)).forEach((verdict, place) => {
      const hit = copy[place];
      if (hit !== undefined) verdicts.set(hit, verdict);
    });
  }
  return hits.map((hit) => told(verdicts.get(hit) ?? assert.fail()));
}

describe('what is kept in privacy mode', () => {
  it('is judged as the whole observation is, on every case of the corpus', () => {
    let hits = 0;
    for (const { case: name, observations } of cases) {
      assert.deepEqual(judgeKept(observations), judge(observations).map(told), name);
      hits += observations.length;
    }
    assert.ok(cases.length >= 120 && hits >= 200, `${cases.length} cases, ${hits} hits`);
  });

  it('is judged so again later, when nothing of the request can be read any more', () => {
    const timed = cases.filter(({ observations }) => observations.every(({ at }) => at !== undefined));
    for (const { case: name, observations } of timed)
      assert.deepEqual(judgeAgain(observations), judge(observations).map(told), name);
    assert.ok(timed.length >= 120);
  });

  it('holds no address and no agent', () => {
    for (const { case: name, observations } of cases)
      for (const observation of observations) {
        const { ip, userAgent } = observation;
        const text = vault.open('event.detail', stored(observation).sealed).toString();
        for (const secret of [ip, userAgent])
          if (secret !== undefined && secret.length > 6) assert.ok(!text.includes(secret), name);
      }
  });
});
