import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  buildNetworks,
  builtInNetworks,
  classOf,
  countsAs,
  type Evidence,
  gatewayOf,
  gatherEvidence,
  judge,
  judgeSequence,
  type NetworkList,
  type Observation,
  RULESET,
  rules,
  SEQUENCE_LIMIT,
  withBuiltIn,
} from './index.ts';

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1';
const HOME = '198.51.100.23';
const RENTED = '207.244.70.9';
const NOON_MS = Date.UTC(2026, 2, 10, 12);
const at = (seconds: number): string => new Date(NOON_MS + seconds * 1000).toISOString();
const one = (observation: Observation, options = {}) => judge([observation], options)[0];

test('verdicts come in the order of the observations, with their ids', () => {
  const observations: Observation[] = [
    { id: 'b', kind: 'open', message: 'm', recipient: 'r', at: at(9) },
    { id: 'x', kind: 'click' },
    { id: 'a', kind: 'click', message: 'm', recipient: 'r', at: at(1), method: 'HEAD' },
  ];
  const verdicts = judge(observations);
  assert.deepEqual(
    verdicts.map((verdict) => verdict.id),
    ['b', 'x', 'a'],
  );
  assert.deepEqual(
    verdicts.map((verdict) => verdict.verdict),
    ['human', 'human', 'automated'],
  );
  assert.ok(verdicts.every((verdict) => verdict.ruleset === RULESET && verdict.reasons.length > 0));
  assert.deepEqual(judge([]), []);
});

test('nonsense in any field never throws and is no evidence', () => {
  const nonsense: unknown[] = [
    Number.NaN,
    -1,
    '',
    '\u0000',
    'x'.repeat(100_000),
    [],
    {},
    null,
    true,
    new Date(Number.NaN),
    { at: {} },
    ['a', ['b']],
  ];
  const names = [
    'id',
    'kind',
    'at',
    'deliveredAt',
    'recipient',
    'message',
    'method',
    'ip',
    'userAgent',
    'headers',
    'link',
    'linkCount',
    'honeypot',
    'token',
    'mx',
    'asn',
    'place',
    'source',
    'recipientsFromSource',
    'habit',
    'providerSays',
    'deliveredVia',
    'https',
    'oneClick',
  ];
  for (const name of names.filter((name) => name !== 'honeypot')) {
    for (const value of nonsense) {
      const hit = { kind: 'click', at: at(100), deliveredAt: at(0), [name]: value } as unknown as Observation;
      const [verdict, twin] = judge([hit, { ...hit }]);
      assert.equal(verdict?.verdict, 'human', `${name} ${JSON.stringify(value)?.slice(0, 40)}`);
      assert.equal(twin?.verdict, 'human');
    }
  }
  for (const value of nonsense.filter((value) => value !== true)) {
    assert.equal(one({ kind: 'click', honeypot: value as boolean })?.verdict, 'human');
  }
  for (const value of nonsense) assert.equal(judge([value as Observation, { kind: 'open' }]).length, 2);
});

test('a time without a zone is read as UTC, and other offsets are understood', () => {
  for (const delivered of [
    '2026-03-10T12:00:00',
    '2026-03-10 12:00:00Z',
    '2026-03-10T13:00:00.000+01:00',
    '2026-03-10T08:00:00-0400',
    '2026-03-10T12:00:00,123456Z',
  ]) {
    assert.equal(one({ kind: 'click', deliveredAt: delivered, at: at(1) })?.strength, 'certain', delivered);
    assert.equal(one({ kind: 'click', deliveredAt: delivered, at: at(100) })?.verdict, 'human', delivered);
  }
});

test('header names match in any case', () => {
  const headers = { HOST: 't.example', 'SEC-FETCH-USER': '?1', 'accept-LANGUAGE': 'de' };
  assert.equal(one({ kind: 'click', headers })?.strength, 'certain');
});

test('without a moment of judging verdicts are settled; with one they settle after 15 minutes, or at once when certain', () => {
  const human: Observation = { kind: 'click', at: at(0), ip: HOME, userAgent: CHROME };
  assert.equal(one(human)?.provisional, false);
  assert.equal(one(human, { asOf: at(60) })?.provisional, true);
  assert.equal(one(human, { asOf: at(899) })?.provisional, true);
  assert.equal(one(human, { asOf: at(900) })?.provisional, false);
  assert.equal(one({ ...human, method: 'HEAD' }, { asOf: at(1) })?.provisional, false);
  const gmail: Observation = { ...human, userAgent: 'x (KHTML, like Gecko; Gmail Actions)', method: 'POST' };
  assert.equal(one(gmail, { asOf: at(1) })?.provisional, false);
});

test("a browser's own word is settled only when no burst can follow any more", () => {
  const hit: Observation = { kind: 'click', at: at(0), headers: { 'sec-fetch-user': '?1' } };
  assert.equal(one(hit, { asOf: at(3) })?.provisional, true);
  assert.equal(one(hit, { asOf: at(6) })?.provisional, false);
});

test('a person who is not settled yet proves nothing', () => {
  const copy = { message: 'm', recipient: 'r', userAgent: SAFARI, ip: RENTED } as const;
  const early: Observation = { ...copy, kind: 'click', at: at(40), deliveredAt: at(0) };
  const later: Observation = { ...copy, kind: 'click', at: at(300), deliveredAt: at(0) };
  assert.equal(judge([early, later], { asOf: at(400) })[0]?.strength, 'suspected');
  assert.equal(judge([early, later], { asOf: at(1300) })[0]?.strength, 'certain');
});

test('the three views cut the same stored verdicts differently', () => {
  const certain = one({ kind: 'click', method: 'HEAD' });
  const probable = one({ kind: 'open', ip: '67.231.150.4', userAgent: CHROME });
  const suspected = one({ kind: 'click', ip: RENTED, userAgent: SAFARI, at: at(40), deliveredAt: at(0) });
  const human = one({ kind: 'click', ip: HOME, userAgent: SAFARI });
  assert.ok(certain && probable && suspected && human);
  const all = [certain, probable, suspected, human];
  assert.deepEqual(all.map(classOf), ['automated-certain', 'automated-probable', 'human-suspected', 'human']);
  assert.deepEqual(
    all.map((verdict) => countsAs('strict', verdict)),
    ['automated', 'automated', 'automated', 'human'],
  );
  assert.deepEqual(
    all.map((verdict) => countsAs('balanced', verdict)),
    ['automated', 'automated', 'human', 'human'],
  );
  assert.deepEqual(
    all.map((verdict) => countsAs('lenient', verdict)),
    ['automated', 'human', 'human', 'human'],
  );
});

test('a view may be asked for', () => {
  const hit: Observation = { kind: 'click', ip: RENTED, userAgent: SAFARI, at: at(40), deliveredAt: at(0) };
  assert.equal(one(hit, { view: 'strict' })?.verdict, 'automated');
  assert.equal(one(hit, { view: 'lenient' })?.verdict, 'human');
});

test('a list older than 14 days makes its certain rules probable, and the reason says how old it was', () => {
  const list = (name: string, kind: NetworkList['class'], prefix: string): NetworkList => {
    return { name, class: kind, prefixes: [prefix], fetchedAt: at(0) };
  };
  const lists = [
    list('microsoft-mail', 'microsoft-mail', '40.94.0.0/16'),
    list('apple-egress', 'apple-egress', '172.224.0.0/12'),
  ];
  const networks = buildNetworks(withBuiltIn(lists));
  const day = 86_400;
  const click = (days: number): Observation => ({
    kind: 'click',
    ip: '40.94.1.1',
    userAgent: CHROME,
    at: at(days * day),
  });
  assert.equal(one(click(14), { networks })?.strength, 'certain');
  assert.equal(one(click(15), { networks })?.strength, 'probable');
  assert.match(one(click(15), { networks })?.reasons[0]?.text ?? '', /15 days old/);
  const open: Observation = { kind: 'open', ip: '172.225.1.1', userAgent: 'Mozilla/5.0', at: at(20 * day) };
  const verdict = one(open, { networks });
  // The bare agent is no person's wherever it comes from, so the list's age takes nothing away.
  assert.deepEqual([verdict?.strength, verdict?.actor, verdict?.unknowable], ['certain', 'apple-mpp', true]);
});

test('what logs write otherwise is read all the same: ports, numbers as texts, numbers as ids', () => {
  for (const ip of ['40.107.1.1:5678', '[2a01:111:f400::1]:443', '[2a01:111:f400::1]'])
    assert.equal(one({ kind: 'click', ip, userAgent: CHROME })?.strength, 'certain', ip);
  assert.equal(one({ kind: 'click', ip: '2a01:111:f400::443', userAgent: CHROME })?.strength, 'certain');
  assert.equal(one({ kind: 'click', ip: '40.107.1.1:99999999', userAgent: CHROME })?.verdict, 'human');
  const loose = [0, 1, 2, 3, 4].map((link) => ({
    ...{ id: link, kind: 'click', message: 'm', recipient: 'r', at: at(600 + link / 10), userAgent: CHROME },
    ...{ link: String(link), linkCount: '5', ip: '198.51.100.7' },
  })) as unknown as Observation[];
  const verdicts = judge(loose);
  assert.deepEqual(
    verdicts.map(({ id, verdict }) => `${id} ${verdict}`),
    [0, 1, 2, 3, 4].map((id) => `${id} automated`),
  );
});

test('a verdict that leans on a fetched list says whose it is and of which day', () => {
  const fetchedAt = '2026-03-08T23:30:00Z';
  const lists: NetworkList[] = [
    { name: 'apple-egress', class: 'apple-egress', prefixes: ['172.224.0.0/13'], fetchedAt },
    { name: 'microsoft', class: 'microsoft', prefixes: ['20.0.0.0/8'], fetchedAt },
    { name: 'google', class: 'google', prefixes: ['66.249.80.0/20'], fetchedAt },
    { name: 'amazon', class: 'data-centre', prefixes: ['3.0.0.0/8'], fetchedAt },
    { name: 'asn-table', class: 'proofpoint', prefixes: [], ranges: [['67.231.144.0', '67.231.159.255']], fetchedAt },
  ];
  const networks = buildNetworks(withBuiltIn(lists));
  const texts = (hit: Observation): string =>
    (one({ at: at(0), userAgent: CHROME, ...hit }, { networks })?.reasons ?? []).map((reason) => reason.text).join(' ');
  assert.match(
    texts({ kind: 'open', ip: '172.225.1.1', userAgent: 'Mozilla/5.0' }),
    /\(Apple's list of 8 March 2026\);/,
  );
  assert.match(texts({ kind: 'click', ip: '20.1.2.3' }), /\(Microsoft's list of 8 March 2026\)/);
  assert.match(texts({ kind: 'click', ip: '66.249.84.1' }), /\(Google's list of 8 March 2026\)/);
  assert.match(texts({ kind: 'click', ip: '3.1.2.3' }), /data centre \(Amazon's list of 8 March 2026\),/);
  assert.match(texts({ kind: 'open', ip: '67.231.150.1' }), /\(the AS list of 8 March 2026\)/);
  assert.match(
    texts({ kind: 'click', ip: '172.225.1.1', userAgent: SAFARI }),
    /Private Relay \(Apple's list of 8 March 2026\)\./,
  );
  assert.doesNotMatch(texts({ kind: 'click', ip: '205.139.110.7' }), /list/);
});

test('an AS number is network evidence like a list', () => {
  const click: Observation = { kind: 'click', at: at(3600), ip: HOME, userAgent: CHROME };
  assert.equal(one({ ...click, asn: 8075 })?.actor, 'microsoft-safelinks');
  assert.equal(one({ ...click, kind: 'open', asn: 39588 })?.actor, 'mimecast');
  assert.deepEqual(
    one({ ...click, asn: 9009 })?.reasons.map((reason) => reason.rule),
    ['data-centre'],
  );
  assert.equal(one({ ...click, asn: 3320 })?.reasons[0]?.rule, 'no-machine-signs');
});

test('a learned habit counts only when ten copies, the network and the delay agree', () => {
  const hit: Observation = { kind: 'click', at: at(41), deliveredAt: at(0), ip: HOME, userAgent: SAFARI };
  const fits = { copies: 10, fitsNetwork: true, fitsDelay: true };
  assert.equal(one({ ...hit, habit: fits })?.strength, 'probable');
  assert.match(one({ ...hit, habit: { ...fits, copies: 42 } })?.reasons[0]?.text ?? '', /learned from 42 copies/);
  for (const less of [{ copies: 9 }, { fitsNetwork: false }, { fitsDelay: false }])
    assert.equal(one({ ...hit, habit: { ...fits, ...less } })?.verdict, 'human');
});

test('a learned habit says nothing about the ways people come by', () => {
  const habit = { copies: 90, fitsNetwork: true, fitsDelay: true };
  const base = { at: at(41), deliveredAt: at(0), habit } as const;
  const people: Observation[] = [
    { ...base, kind: 'open', ip: '66.249.84.1', userAgent: 'x (via ggpht.com GoogleImageProxy)' },
    { ...base, kind: 'open', ip: RENTED, userAgent: 'YahooMailProxy; https://help.yahoo.com/kb/x' },
    { ...base, kind: 'open', ip: HOME, userAgent: 'Outlook-iOS/709.2042344.prod.iphone (3.21.0)' },
    { ...base, kind: 'open', ip: '40.94.1.1', userAgent: CHROME },
    { ...base, kind: 'click', ip: '172.225.1.1', userAgent: SAFARI },
    { ...base, kind: 'click', method: 'POST', oneClick: true, ip: RENTED },
    { ...base, kind: 'click', method: 'POST', ip: '66.249.84.1', userAgent: 'x (KHTML, like Gecko; Gmail Actions)' },
    { ...base, kind: 'click', ip: HOME, userAgent: CHROME, headers: { 'sec-fetch-user': '?1' } },
  ];
  for (const hit of people) assert.equal(one(hit)?.verdict, 'human', String(hit.userAgent));
});

test("another provider's flag of a prefetch names Apple only when the agent or the network does", () => {
  const open: Observation = { kind: 'open', at: at(600), providerSays: 'prefetch', ip: HOME, userAgent: CHROME };
  const told = (hit: Observation) => [one(hit)?.verdict, one(hit)?.strength, one(hit)?.actor, one(hit)?.unknowable];
  assert.deepEqual(told(open), ['automated', 'probable', 'unknown-prefetch', true]);
  assert.deepEqual(told({ ...open, ip: '172.225.1.1' }), ['automated', 'probable', 'apple-mpp', true]);
  assert.deepEqual(told({ ...open, ip: '', userAgent: 'Mozilla/5.0' }), ['automated', 'certain', 'apple-mpp', true]);
  assert.deepEqual(told({ ...open, userAgent: 'YahooMailProxy; x' }), ['human', 'probable', 'yahoo-proxy', false]);
  assert.deepEqual(told({ ...open, kind: 'click' }), ['human', 'probable', 'browser', false]);
});

test("another provider's flag of a machine is one weak sign, and none about an image proxy", () => {
  const hit: Observation = { kind: 'open', at: at(600), providerSays: 'machine', ip: HOME, userAgent: CHROME };
  assert.deepEqual(
    one(hit)?.reasons.map((reason) => reason.rule),
    ['provider-machine'],
  );
  assert.equal(one(hit)?.verdict, 'human');
  const proxy = one({ ...hit, userAgent: 'x (via ggpht.com GoogleImageProxy)' });
  assert.deepEqual(
    proxy?.reasons.map((reason) => reason.rule),
    ['display-proxy'],
  );
});

test('a request that declares itself a prefetch is nobody’s click, and hides whether one came', () => {
  const click: Observation = { kind: 'click', at: at(600), ip: HOME, userAgent: CHROME };
  for (const headers of [
    { 'Sec-Purpose': 'prefetch' },
    { 'sec-purpose': 'prefetch;anonymous-client-ip' },
    { Purpose: 'prefetch' },
    { 'X-Purpose': 'preview' },
    { 'X-moz': 'prefetch' },
  ]) {
    const verdict = one({ ...click, headers });
    assert.deepEqual([verdict?.verdict, verdict?.strength, verdict?.unknowable], ['automated', 'probable', true]);
  }
  assert.equal(one({ ...click, headers: { purpose: 'x' } })?.verdict, 'human');
});

test('with no lists at all people stay people', () => {
  const networks = buildNetworks([]);
  assert.equal(one({ kind: 'click', ip: '40.94.1.1', userAgent: CHROME }, { networks })?.verdict, 'human');
});

test('hits beyond the limit of a sequence are judged by themselves and say so', () => {
  const burst = Array.from({ length: SEQUENCE_LIMIT + 5 }, (_, index): Observation => {
    return {
      id: `h${index}`,
      kind: 'click',
      message: 'm',
      recipient: 'r',
      link: index % 9,
      linkCount: 9,
      at: at(index / 10),
    };
  });
  const verdicts = judge([...burst].reverse());
  const alone = verdicts.filter((verdict) => verdict.judgedAlone === true);
  assert.deepEqual(
    alone.map((verdict) => verdict.id).sort(),
    Array.from({ length: 5 }, (_, index) => `h${SEQUENCE_LIMIT + index}`),
  );
  assert.ok(alone.every((verdict) => verdict.verdict === 'human'));
  assert.equal(verdicts.filter((verdict) => verdict.verdict === 'automated').length, SEQUENCE_LIMIT);
});

test('evidence survives JSON and holds no address and no agent', () => {
  const copy = { message: 'm', recipient: 'r', ip: '3.120.10.20', userAgent: CHROME, linkCount: 6 } as const;
  const hits = Array.from(
    { length: 6 },
    (_, link): Observation => ({ ...copy, kind: 'click', link, at: at(link / 5), id: `c${link}` }),
  );
  const observations: Observation[] = [{ ...copy, kind: 'open', at: at(-30), id: 'o' }, ...hits];
  const kept = observations.map((observation) => JSON.stringify(gatherEvidence(observation, builtInNetworks)));
  for (const text of kept) assert.doesNotMatch(text, /3\.120|Mozilla|AppleWebKit/);
  assert.deepEqual(judgeSequence(kept.map((text) => JSON.parse(text) as Evidence)), judge(observations));
});

test('a caller who keeps only an opaque source still gets its taint', () => {
  const copy = { message: 'm', recipient: 'r', source: 'k1' } as const;
  const verdicts = judge([
    { ...copy, kind: 'click', honeypot: true, at: at(0) },
    { ...copy, kind: 'click', link: 1, at: at(60) },
    { ...copy, kind: 'click', link: 1, at: at(60), source: 'k2' },
  ]);
  assert.deepEqual(
    verdicts.map((verdict) => verdict.verdict),
    ['automated', 'automated', 'human'],
  );
});

test('the MX names the gateway', () => {
  assert.equal(gatewayOf('MX0a-001.pphosted.com.'), 'proofpoint');
  assert.equal(gatewayOf('aspmx.l.google.com'), 'google');
  assert.equal(gatewayOf('alt2.aspmx.l.google.com'), 'google');
  assert.equal(gatewayOf('d1.ess.barracudanetworks.com'), 'barracuda');
  assert.equal(gatewayOf('clinic-example.mail.protection.outlook.com'), 'microsoft');
  assert.equal(gatewayOf('evilpphosted.com'), undefined);
});

test('a rule that is switched off leaves no trace on others', () => {
  const copy = { message: 'm', recipient: 'r', ip: HOME, userAgent: CHROME } as const;
  const hits: Observation[] = [0, 1, 2, 3, 4].map((link) => ({
    ...copy,
    kind: 'click',
    link,
    linkCount: 9,
    at: at(link / 10),
  }));
  const open: Observation = { ...copy, kind: 'open', at: at(-5) };
  assert.ok(judge([open, ...hits]).every((verdict) => verdict.verdict === 'automated'));
  const off = { disabledRules: ['click-burst', 'click-flurry'] };
  assert.ok(judge([open, ...hits], off).every((verdict) => verdict.verdict === 'human'));
});

test('rules have unique ids, a sentence and a source', () => {
  assert.equal(new Set(rules.map((rule) => rule.id)).size, rules.length);
  for (const rule of rules) {
    assert.match(rule.id, /^[a-z0-9-]+$/);
    assert.match(rule.text, /^[A-Z].*\.$/);
    assert.ok(rule.source.length > 5 && rule.kinds.length > 0, rule.id);
  }
});
