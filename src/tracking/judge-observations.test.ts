import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { builtInNetworks } from '@waxwing/verdict';
import { judgeObservations as endpoint } from '../contract/verdicts.ts';
import { judgeObservations } from './judge-observations.ts';

const judged = (observations: object[]) =>
  judgeObservations(endpoint.body.parse({ observations }), builtInNetworks).verdicts;

describe('observations from elsewhere', () => {
  it('are judged alike whether a field is null or absent', () => {
    const unknown = { at: null, ip: null, userAgent: null, headers: null, link: null, token: null, message: null };
    assert.deepEqual(judged([{ kind: 'click', ...unknown }]), judged([{ kind: 'click' }]));
  });

  it('may carry what only their owner knows: the AS number, the scanner’s habit, another provider’s flag', () => {
    const late = { kind: 'click', at: '2026-11-22T12:00:00Z', deliveredAt: '2026-11-22T08:00:00Z' };
    const rulesOf = (more: object) => judged([{ ...late, ...more }])[0]?.reasons.map(({ rule }) => rule);
    assert.deepEqual(rulesOf({ asn: 8075 }), ['vendor-network-click']);
    assert.deepEqual(rulesOf({ habit: { copies: 12, fitsNetwork: true, fitsDelay: true } }), ['learned-scanner']);
    assert.deepEqual(rulesOf({ providerSays: 'machine' }), ['provider-machine']);
    assert.deepEqual(rulesOf({ kind: 'open', providerSays: 'prefetch' }), ['provider-prefetch']);
    const relayed = { at: '2026-11-22T08:00:01Z', deliveredVia: 'relay' };
    assert.equal(judged([{ ...late, ...relayed }])[0]?.verdict, 'human');
  });

  it('get their verdicts in the order they came', () => {
    const verdicts = judged([
      { id: 'a', kind: 'click', method: 'HEAD' },
      { id: 'b', kind: 'open' },
    ]);
    assert.deepEqual(
      verdicts.map(({ id, verdict }) => [id, verdict]),
      [
        ['a', 'automated'],
        ['b', 'human'],
      ],
    );
  });

  it('are not judged as of something that is no instant', () => {
    assert.equal(endpoint.body.safeParse({ observations: [{ kind: 'open' }], asOf: 'yesterday' }).success, false);
  });

  it('are judged without the rules that are left out, and the ruleset says so', () => {
    const judgedWithout = (disabledRules: string[]) =>
      judgeObservations(
        endpoint.body.parse({ observations: [{ kind: 'click', method: 'HEAD' }], disabledRules }),
        builtInNetworks,
      );
    assert.equal(judgedWithout([]).verdicts[0]?.verdict, 'automated');
    const without = judgedWithout(['method-not-get']);
    assert.equal(without.verdicts[0]?.verdict, 'human');
    assert.match(without.ruleset, / without method-not-get$/);
    assert.equal(without.verdicts[0]?.ruleset, without.ruleset);
  });

  it('are refused with the code request.malformed where a rule to be left out does not exist', () => {
    assert.throws(
      () =>
        judgeObservations(endpoint.body.parse({ observations: [], disabledRules: ['no-such-rule'] }), builtInNetworks),
      { code: 'request.malformed' },
    );
  });
});
