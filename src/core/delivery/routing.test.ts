import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseRoute, matchesDomain, type RouteRule } from './choose-route.ts';
import { afterAnswer, afterFailure, afterProbe, type Circuit, hostState, newCircuit } from './circuit.ts';
import { orderHosts, restingLast, withoutOwn } from './host-order.ts';
import { type HostAnswer, hostFault, mayTryNextHost } from './next-host.ts';
import { relayCondition } from './relay-health.ts';
import { readSmarthosts } from './smarthosts.ts';

/** Mulberry32: the same numbers in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const host = (name: string, priority: number, weight: number) => ({ name, priority, weight });

test('of one priority each host comes first as often as its weight is of the sum, and a worse priority never does', () => {
  const hosts = [host('a', 10, 6), host('b', 10, 3), host('c', 10, 1), host('spare', 20, 1_000)];
  const chance = seeded(7);
  const firsts = new Map<string, number>();
  const draws = 20_000;
  for (let n = 0; n < draws; n += 1) {
    const order = orderHosts(hosts, chance).map(({ name }) => name);
    assert.equal(order.at(-1), 'spare');
    assert.equal(new Set(order).size, 4);
    firsts.set(order[0] ?? '', (firsts.get(order[0] ?? '') ?? 0) + 1);
  }
  // Five standard deviations of a binomial: √(p(1−p)/n) is at most 0.0035.
  for (const [name, share] of [
    ['a', 0.6],
    ['b', 0.3],
    ['c', 0.1],
  ] as const)
    assert.ok(Math.abs((firsts.get(name) ?? 0) / draws - share) < 0.0175, name);
});

test('hosts that rest come last, each still in its order', () => {
  assert.deepEqual(
    restingLast(['a', 'b', 'c', 'd'], (one) => one === 'a' || one === 'c'),
    ['b', 'd', 'a', 'c'],
  );
});

test('a host that is this server itself goes, with all that are not preferred to it (RFC 5321 §5.1)', () => {
  const hosts = [10, 20, 20, 30].map((preference, n) => ({ preference, name: `mx${n}` }));
  const left = (own: string) => withoutOwn(hosts, ({ name }) => name === own).map(({ name }) => name);
  assert.deepEqual(left('mx1'), ['mx0']);
  assert.deepEqual(left('mx0'), []);
  assert.deepEqual(left('mx3'), ['mx0', 'mx1', 'mx2']);
  assert.equal(left('another').length, 4);
});

const failed = (circuit: Circuit, nowMs: number): Circuit =>
  afterFailure(circuit, { nowMs, why: 'connection.refused', chance: 0.5 });

test('a host rests after two failures in a row, then a single copy tries it, and each rest is twice as long', () => {
  let circuit = failed(newCircuit, 0);
  assert.equal(hostState(circuit, 0), 'working');
  circuit = failed(circuit, 10);
  assert.deepEqual([hostState(circuit, 10), hostState(circuit, 5_009)], ['resting', 'resting']);
  assert.equal(hostState(circuit, 5_010), 'probing');
  circuit = afterProbe(circuit, 5_010);
  assert.equal(hostState(circuit, 5_011), 'resting', 'others leave it alone meanwhile');
  circuit = failed(circuit, 6_000);
  assert.deepEqual([hostState(circuit, 15_999), hostState(circuit, 16_000)], ['resting', 'probing']);
  assert.equal(hostState(afterAnswer(), 6_001), 'working');
});

test('rests end at five minutes, and a copy that never told of its try holds nobody back for ever', () => {
  let circuit = newCircuit;
  let nowMs = 0;
  for (let n = 0; n < 20; n += 1) {
    circuit = failed(circuit, nowMs);
    nowMs = Math.max(nowMs, circuit.restsUntilMs);
  }
  circuit = failed(circuit, nowMs);
  assert.equal(circuit.restsUntilMs - nowMs, 300_000);
  const probed = afterProbe(circuit, circuit.restsUntilMs);
  assert.equal(hostState(probed, circuit.restsUntilMs + 60_000), 'resting');
  assert.equal(hostState(probed, circuit.restsUntilMs + 120_000), 'probing');
});

const answer = (part: Partial<HostAnswer>): HostAnswer => ({
  ...{ end: { kind: 'failed', why: 'connection.lost' }, reached: true, bodyBegan: false, reply: '' },
  ...part,
});
const refused = (code: number, stage: 'mail' | 'rcpt' | 'body', reply = `${code} no`): Partial<HostAnswer> => ({
  end: { kind: 'refused', stage, code },
  reply,
  bodyBegan: stage === 'body',
});

test('the next host is tried while no byte of the message may have arrived, and never afterwards', () => {
  for (const via of ['relay', 'mx'] as const) {
    assert.equal(mayTryNextHost(answer({ reached: false }), via), true);
    assert.equal(mayTryNextHost(answer({}), via), true, 'broken off after MAIL');
    assert.equal(mayTryNextHost(answer({ bodyBegan: true }), via), false, 'broken off in the body');
    assert.equal(mayTryNextHost(answer(refused(421, 'mail', '421 4.3.2 going down')), via), true);
    assert.equal(mayTryNextHost(answer(refused(451, 'rcpt')), via), false, 'about the recipient');
    assert.equal(mayTryNextHost(answer(refused(550, 'mail')), via), false, 'for good');
    assert.equal(mayTryNextHost(answer(refused(451, 'body')), via), false);
    assert.equal(mayTryNextHost(answer({ end: { kind: 'taken' }, bodyBegan: true }), via), false);
  }
  const slower = answer(refused(421, 'mail', '421 4.7.0 slow down'));
  assert.deepEqual([mayTryNextHost(slower, 'mx'), mayTryNextHost(slower, 'relay')], [false, true]);
});

test('only what is about the host counts against it', () => {
  assert.equal(hostFault(answer({ reached: false })), 'connection.lost');
  assert.equal(hostFault(answer({ ...refused(554, 'mail'), reached: false })), 'reply.unwelcome_session');
  assert.equal(hostFault(answer({ reached: false, end: { kind: 'failed', why: 'tls.certificate' } })), null);
  assert.equal(hostFault(answer({ reached: false, end: { kind: 'failed', why: 'route.address_refused' } })), null);
  assert.equal(hostFault(answer(refused(550, 'rcpt'))), 'none', 'it answers');
});

const rule = (part: Partial<RouteRule<{ name: string }>>): RouteRule<{ name: string }> => ({
  ...{
    id: 'r',
    route: { name: 'A' },
    recipientDomain: null,
    senderDomain: null,
    departmentId: null,
    messageClass: null,
  },
  ...part,
});
const mail = {
  ...{ recipientDomain: 'lab.example.org', senderDomain: 'clinic.example', departmentIds: ['ward', 'house'] },
  messageClass: 'transactional',
} as const;

test('the first rule that fits in all it asks for decides, and says so', () => {
  const rules = [
    rule({ recipientDomain: '*.example.org', messageClass: 'marketing' }),
    rule({ recipientDomain: 'example.org' }),
    rule({ id: 'this', recipientDomain: '*.example.org', departmentId: 'house', route: { name: 'B' } }),
    rule({ route: { name: 'C' } }),
  ];
  const chosen = chooseRoute(rules, mail);
  assert.deepEqual([chosen.route?.name, chosen.ruleId], ['B', 'this']);
  assert.equal(chosen.why, 'Rule 3 of 4 (recipient domain *.example.org, mail of a department) sends it by “B”.');
  const another = chooseRoute(rules, { ...mail, departmentIds: ['other'] });
  assert.deepEqual([another.route?.name, another.why], ['C', 'Rule 4 of 4 (all mail) sends it by “C”.']);
});

test('where no rule fits the installation’s own way holds', () => {
  assert.deepEqual(chooseRoute([], mail), {
    ...{ route: null, ruleId: null },
    why: 'The account has no rules for routes: the installation’s own way holds.',
  });
  const { route, why } = chooseRoute([rule({ senderDomain: 'other.example' })], mail);
  assert.deepEqual([route, why], [null, 'None of the account’s 1 rules fits: the installation’s own way holds.']);
});

test('*.domain is all below a domain and not itself, in either case of letters', () => {
  assert.equal(matchesDomain('*.example.org', 'a.b.Example.ORG'), true);
  assert.equal(matchesDomain('*.example.org', 'example.org'), false);
  assert.equal(matchesDomain('*.example.org', 'notexample.org'), false);
  assert.equal(matchesDomain('*.example.org', '.example.org'), false);
  assert.equal(matchesDomain('example.org', 'EXAMPLE.org.'), true);
});

test('relays are read with priority, weight, a login file and a pin of their own', () => {
  const pin = 'ab'.repeat(32);
  const text = `smtp://one.example, smtps://[2001:db8::1]:4650?weight=3&priority=5&auth=%2Fetc%2Fa%2Cb&pin=${pin}`;
  assert.deepEqual(readSmarthosts(text), [
    { host: 'one.example', port: 25, tls: 'starttls', priority: 10, weight: 1, pin: undefined, authFile: undefined },
    { host: '2001:db8::1', port: 4650, tls: 'implicit', priority: 5, weight: 3, pin, authFile: '/etc/a,b' },
  ]);
});

test('a relay that is not understood as a whole is refused', () => {
  for (const text of [
    ...['', 'one.example', 'http://one.example', 'smtp://u:p@one.example', 'smtp://one.example/path'],
    ...['smtp://one.example,', 'smtp://one.example?wieght=1', 'smtp://one.example?weight=0', 'smtp://one.example:0'],
    ...[
      'smtp://one.example?priority=-1',
      'smtp://one.example?pin=abc',
      'smtp://one.example?auth=',
      'smtp://one.example#x',
    ],
    Array.from({ length: 21 }, () => 'smtp://one.example').join(),
  ])
    assert.equal(readSmarthosts(text), undefined, text);
});

test('a relay’s condition is told in words, from what each process saw', () => {
  const at = new Date('2026-11-22T12:00:00Z');
  const works = { state: 'working', answeredAt: at, failingSince: null, lastWhy: null, restsUntil: null } as const;
  const rests = {
    ...works,
    state: 'resting',
    answeredAt: null,
    failingSince: at,
    lastWhy: 'connection.refused',
  } as const;
  const states = [[], [works], [works, rests], [rests], [{ ...rests, state: 'probing' as const }]].map(
    (seen) => relayCondition(seen).state,
  );
  assert.deepEqual(states, ['unused', 'working', 'unsteady', 'resting', 'failing']);
  const { text, failingSince } = relayCondition([rests]);
  assert.match(text, /left alone.*refused the connection/);
  const failedOnce = relayCondition([{ ...rests, state: 'working' }]);
  assert.equal(failedOnce.state, 'unsteady');
  assert.match(failedOnce.text, /does not answer each time.*refused the connection/);
  assert.deepEqual(failingSince, at);
});
