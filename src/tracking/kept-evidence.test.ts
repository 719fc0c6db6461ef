import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { builtInNetworks, type Evidence, gatherEvidence, type Observation } from '@waxwing/verdict';
import fc from 'fast-check';
import { keepEvidence, restoreEvidence } from './kept-evidence.ts';

const atMs = Date.UTC(2026, 10, 22);

/** Through the text that is sealed, as a stored hit brings it back. */
function keptAndRead(evidence: Evidence): Evidence {
  return restoreEvidence({
    id: evidence.id ?? '',
    kind: evidence.kind,
    occurredAt: new Date(evidence.atMs ?? Number.NaN),
    linkIndex: evidence.link ?? null,
    detail: {
      request: { method: 'GET', token: evidence.isTokenDamaged ? 'damaged' : 'valid', ip: null, userAgent: null },
      evidence: JSON.parse(JSON.stringify(keepEvidence(evidence))),
    },
  });
}

const observations: fc.Arbitrary<Observation> = fc.record(
  {
    id: fc.constant(randomUUID()),
    kind: fc.constantFrom('open', 'click'),
    at: fc.constant(new Date(atMs).toISOString()),
    deliveredAt: fc.constantFrom(new Date(atMs - 61_000).toISOString(), new Date(atMs + 3_600_000).toISOString()),
    deliveredVia: fc.constantFrom('mx', 'relay'),
    mx: fc.constantFrom('mx1.pphosted.com', 'mail.clinic.example'),
    method: fc.constantFrom('GET', 'HEAD', 'POST'),
    oneClick: fc.boolean(),
    https: fc.boolean(),
    honeypot: fc.boolean(),
    token: fc.constantFrom('valid', 'damaged'),
    link: fc.nat(9),
    linkCount: fc.nat(9),
    ip: fc.constantFrom('81.2.69.142', '17.58.0.1', '2a02:8100::1', '40.94.20.1', 'no address'),
    userAgent: fc.constantFrom(
      'Mozilla/5.0',
      'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0.1.0 Safari/537.36',
    ),
    headers: fc.dictionary(
      fc.constantFrom('accept', 'accept-language', 'referer', 'sec-fetch-user', 'sec-fetch-mode', 'sec-purpose'),
      fc.constantFrom('?1', 'x', '', 'prefetch'),
    ),
    recipientsFromSource: fc.record({ within1s: fc.nat(50), within10min: fc.nat(50) }),
    habit: fc.record({ copies: fc.nat(900), fitsNetwork: fc.boolean(), fitsDelay: fc.boolean() }),
    providerSays: fc.constantFrom('prefetch', 'machine'),
  },
  { requiredKeys: ['id', 'kind', 'at'] },
);

describe('kept evidence', () => {
  it('is read as it was gathered, whatever was observed', () => {
    fc.assert(
      fc.property(observations, (observation) => {
        const evidence = gatherEvidence(observation, builtInNetworks);
        assert.deepEqual(JSON.parse(JSON.stringify(keptAndRead(evidence))), JSON.parse(JSON.stringify(evidence)));
      }),
    );
  });

  it('is read from rows that were kept before habits, flags and prefetches were known', () => {
    const evidence = gatherEvidence({ kind: 'click', at: atMs, id: randomUUID(), link: 1 }, builtInNetworks);
    const kept = keepEvidence(evidence) as unknown[];
    assert.equal(kept.length, 11);
    const { habit, providerSays, headers } = keptAndRead(evidence);
    assert.deepEqual([habit, providerSays, headers], [undefined, undefined, undefined]);
  });

  it('takes half of what its names would', () => {
    const headers = { accept: '*/*', 'accept-language': 'en' };
    const observed = {
      kind: 'open',
      at: new Date(atMs).toISOString(),
      ip: '81.2.69.142',
      userAgent: 'Mozilla/5.0',
      headers,
    } as const;
    const evidence = gatherEvidence(observed, builtInNetworks);
    assert.ok(JSON.stringify(keepEvidence(evidence)).length < JSON.stringify(evidence).length / 2);
  });
});
