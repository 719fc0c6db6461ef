/** Domains of single sign-on: whose they are shows in the DNS, and nobody comes in by one that is not shown. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import pg from 'pg';
import { acceptByPassword, personAt } from '../../test/kit/person.ts';
import { type Clinic, identityAt, SignOnLab } from '../../test/kit/sign-on.ts';
import { sql } from '../platform/database.ts';
import { openLookUp } from '../platform/look-up.ts';
import { SealBroken } from '../platform/vault.ts';
import { systemClock } from '../platform/world.ts';
import { listConnections } from './connections.ts';
import { lookAtDueDomains } from './prove-domains.ts';
import { lookAround } from './worker.ts';

const [hourMs, dayMs] = [3_600_000, 86_400_000];
const actor = { kind: 'system', id: 'single-sign-on' } as const;

let lab: SignOnLab;
before(async () => {
  lab = await SignOnLab.open();
});
after(() => lab.close());
beforeEach(() => lab.world.clock.set(systemClock.now()));

const add = (clinic: Clinic, domain: string) => lab.change(clinic, { domains: [clinic.domain, domain] });

const proofOf = async (clinic: Clinic, domain: string) => {
  const [connection] = await listConnections(lab.world, { accountId: clinic.accountId, actor });
  return connection?.domainProofs.find((one) => one.domain === domain) ?? assert.fail(`${domain} is not served`);
};

/** The provider has the clock of the machine: whoever signs in does so now. */
const nowAgain = (): void => lab.world.clock.set(systemClock.now());

const lookLater = async (clinic: Clinic, afterMs: number): Promise<void> => {
  lab.world.clock.advance(afterMs);
  const needs = { ...lab.world, dns: openLookUp([lab.dns.address]) };
  await lookAtDueDomains(needs, { accountId: clinic.accountId, actor });
};

const beginCode = async (email: string): Promise<string | undefined> =>
  (await lab.visitor().ask('POST', '/v1/sign-in/sso', { email })).body.code;

const alertsOf = ({ accountId }: Clinic): Promise<{ what: string }[]> =>
  lab.world.db.readAccount(accountId, (tx) => tx.query(sql`SELECT what FROM alerts WHERE what LIKE 'sso%'`));

test('a domain that is only named leads nobody to the provider, makes nobody a user and lets nobody in', async () => {
  const clinic = await lab.newClinic();
  const mine = 'named-only.example';
  assert.equal((await add(clinic, mine)).status, 200);
  assert.equal(await beginCode(`ana@${mine}`), 'sso.no_connection');
  assert.equal(await lab.refusedCode(clinic, 'ana', { email: `ana@${mine}` }), 'sso.domain_unproved');
  await clinic.holder.ask('POST', '/v1/users', { email: `ben@${mine}`, name: 'Ben', role: 'viewer' });
  assert.equal(await lab.refusedCode(clinic, 'ben', { email: `ben@${mine}` }), 'sso.domain_unproved');
  const { users } = (await clinic.holder.ask('GET', '/v1/users')).body;
  assert.deepEqual(
    users.map((one: { state: string }) => one.state),
    ['invited'],
  );
});

test('the page’s record proves it once it is seen, among others at the same name, and another text does not', async () => {
  const clinic = await lab.newClinic();
  const mine = 'proved.example';
  await add(clinic, mine);
  const before = await proofOf(clinic, mine);
  assert.deepEqual([before.state, before.lastSeen, before.checkedAt], ['unproved', null, null]);
  assert.equal(before.record.name, `_waxwing-challenge.${mine}`);
  assert.match(before.record.value, /^waxwing-sign-on=[0-9a-f]{32}$/);
  const sightOf = async () => (await lab.look(clinic)).find((one) => one.domain === mine);
  assert.equal((await sightOf())?.lastSeen, 'missing');
  lab.dns.tell(before.record.name, { txt: ['waxwing-sign-on=of-somebody-else', 'x'.repeat(300)] });
  const wrong = await sightOf();
  assert.deepEqual([wrong?.state, wrong?.lastSeen], ['unproved', 'wrong']);
  assert.deepEqual(wrong?.found, ['waxwing-sign-on=of-somebody-else', 'x'.repeat(200)]);
  lab.dns.tell(before.record.name, { broken: true });
  assert.equal((await sightOf())?.lastSeen, 'unanswered');
  lab.dns.tell(before.record.name, { txt: ['v=something else', before.record.value] });
  const right = await sightOf();
  assert.deepEqual([right?.state, right?.lastSeen, right?.found], ['proved', 'right', ['v=something else']]);
  lab.idp.visitor = identityAt(clinic, 'ana', { email: `ana@${mine}` });
  assert.equal((await lab.visitor().signIn({ email: `ana@${mine}` })).status, 200);
});

test('of two accounts that name a domain the one that proves it has it, also when both publish', async () => {
  const [ours, theirs] = [await lab.newClinic(), await lab.newClinic()];
  const domain = 'wanted-by-two.example';
  for (const clinic of [ours, theirs]) await add(clinic, domain);
  const [first, second] = [await proofOf(ours, domain), await proofOf(theirs, domain)];
  assert.notEqual(first.record.value, second.record.value);
  lab.dns.tell(first.record.name, { txt: [first.record.value, second.record.value] });
  const looked = await Promise.all([ours, theirs].map((clinic) => lab.look(clinic)));
  const states = looked.map((all) => all.find((one) => one.domain === domain)?.state);
  assert.deepEqual(states.toSorted(), ['proved', 'unproved']);
  const [holder, other] = states[0] === 'proved' ? [ours, theirs] : [theirs, ours];
  assert.equal((await proofOf(other, domain)).lastSeen, 'claimed');
  lab.idp.visitor = identityAt(holder, 'ana', { email: `ana@${domain}` });
  const { body } = await lab.visitor().signIn({ email: `ana@${domain}` });
  assert.equal(body.account.id, holder.accountId);
  assert.equal(await lab.refusedCode(other, 'ana', { email: `ana@${domain}` }), 'sso.domain_unproved');
  // Given up by one, it is the other's by the record that stands there.
  await lab.change(holder, { domains: [holder.domain] });
  assert.equal((await lab.look(other)).find((one) => one.domain === domain)?.state, 'proved');
});

test('a record that is gone is found within a day, warns for a week and only then closes the door', async () => {
  const clinic = await lab.newClinic();
  const name = `_waxwing-challenge.${clinic.domain}`;
  await lab.signedIn(clinic, 'ana');
  lab.dns.tell(name, {});
  await lookLater(clinic, dayMs - hourMs);
  assert.equal((await proofOf(clinic, clinic.domain)).state, 'proved', 'it is not time yet');
  await lookLater(clinic, hourMs);
  const missed = await proofOf(clinic, clinic.domain);
  assert.equal(missed.state, 'missed');
  assert.equal(Date.parse(missed.endsAt ?? '') - lab.world.clock.now().getTime(), 7 * dayMs);
  assert.deepEqual(await alertsOf(clinic), [{ what: 'sso_domain_lost' }]);
  const staged = lab.world.clock.now();
  nowAgain();
  await lab.signedIn(clinic, 'ana');
  assert.equal(await beginCode(`ana@${clinic.domain}`), undefined);
  lab.world.clock.set(staged);
  await lookLater(clinic, 7 * dayMs - hourMs);
  assert.equal((await proofOf(clinic, clinic.domain)).state, 'missed');
  await lookLater(clinic, hourMs);
  assert.equal((await proofOf(clinic, clinic.domain)).state, 'unproved');
  nowAgain();
  assert.equal(await lab.refusedCode(clinic, 'ana'), 'sso.domain_unproved');
  assert.equal(await beginCode(`ana@${clinic.domain}`), 'sso.no_connection');
  assert.equal((await alertsOf(clinic)).length, 2);
  assert.equal((await lab.actionsOf(clinic)).filter((one) => one === 'sso_domains.checked').length, 3);
});

test('an account whose connections do not open keeps nobody else’s domains from being looked at', async () => {
  const clinics = [await lab.newClinic(), await lab.newClinic(), await lab.newClinic()];
  const [first, broken, last] = clinics;
  if (first === undefined || broken === undefined || last === undefined) throw new Error('three were made');
  const owner = new pg.Client(lab.world.database.connection);
  await owner.connect();
  const swap = `UPDATE sso_connections SET settings_sealed = overlay(settings_sealed placing '\\x00'::bytea from 30) WHERE account_id = $1`;
  assert.equal((await owner.query(swap, [broken.accountId])).rowCount, 1);
  for (const { domain } of [first, last]) lab.dns.tell(`_waxwing-challenge.${domain}`, {});
  lab.world.clock.advance(dayMs);
  const needs = { ...lab.world, dns: openLookUp([lab.dns.address]) };
  await assert.rejects(lookAround(needs, new AbortController().signal), SealBroken);
  for (const clinic of [first, last]) assert.equal((await proofOf(clinic, clinic.domain)).state, 'missed');
  await owner.query('UPDATE sso_connections SET is_enabled = false WHERE account_id = $1', [broken.accountId]);
  await owner.end();
});

test('a DNS that does not answer locks nobody out', async () => {
  const clinic = await lab.newClinic();
  lab.dns.tell(`_waxwing-challenge.${clinic.domain}`, { broken: true });
  for (let day = 0; day < 9; day += 1) await lookLater(clinic, dayMs);
  const { state, lastSeen } = await proofOf(clinic, clinic.domain);
  assert.deepEqual([state, lastSeen], ['proved', 'unanswered']);
  nowAgain();
  await lab.signedIn(clinic, 'ana');
});

test('single sign-on is required only of people whose domain is proved', async () => {
  const clinic = await lab.newClinic({ isRequired: true });
  const email = 'eva@asked-too-early.example';
  await add(clinic, 'asked-too-early.example');
  const { body } = await clinic.holder.ask('POST', '/v1/users', { email, name: 'Eva', role: 'viewer' });
  const eva = personAt(lab.api.url);
  await acceptByPassword(eva, body.invitation.link, 'seven herons over the lake', lab.world.clock);
  assert.equal((await eva.ask('GET', '/v1/session')).status, 200);
});

test('what was required before domains were proved ends at the first look, so that nobody is kept out by an upgrade', async () => {
  const clinic = await lab.newClinic();
  const { body } = await clinic.holder.ask('POST', '/v1/users', {
    ...{ email: `fay@${clinic.domain}`, name: 'Fay', role: 'viewer' },
  });
  const fay = personAt(lab.api.url);
  await acceptByPassword(fay, body.invitation.link, 'seven herons over the lake', lab.world.clock);
  await lab.change(clinic, { isRequired: true });
  const required = () =>
    lab.world.db.readAccount(clinic.accountId, (tx) => tx.query(sql`SELECT FROM required_sign_on_domains`));
  assert.equal((await required()).length, 1);
  lab.dns.tell(`_waxwing-challenge.${clinic.domain}`, {});
  await lab.world.db.asAccount(clinic.accountId, (tx) =>
    tx.query(sql`UPDATE sso_domains SET proved_at = NULL, checked_at = NULL, last_seen = NULL WHERE true`),
  );
  await lookLater(clinic, 0);
  assert.equal((await required()).length, 0);
});

test('a domain keeps its proof when other settings change, and goes with the connection', async () => {
  const clinic = await lab.newClinic();
  await lab.change(clinic, { domains: ['another.example', clinic.domain], name: 'Renamed' });
  assert.equal((await proofOf(clinic, clinic.domain)).state, 'proved');
  await lab.change(clinic, { domains: ['another.example'] });
  assert.equal(await beginCode(`ana@${clinic.domain}`), 'sso.no_connection');
  await lab.change(clinic, { domains: [clinic.domain] });
  assert.equal((await proofOf(clinic, clinic.domain)).state, 'unproved', 'it is shown anew');
});

test('newcomers reach their department and no further, and the whole account only where that was said', async () => {
  const clinic = await lab.newClinic();
  const { id: ward } = (await clinic.holder.ask('POST', '/v1/departments', { name: 'Ward' })).body;
  const refused = await lab.change(clinic, { widestReach: 'department' });
  assert.equal(refused.body.code, 'sso.reach_missing');
  const narrowed = await lab.change(clinic, { widestReach: 'department', defaultDepartmentId: ward });
  assert.equal(narrowed.status, 200);
  const visitor = await lab.signedIn(clinic, 'ana');
  const { users } = (await clinic.holder.ask('GET', '/v1/users')).body;
  assert.deepEqual([users[0].reach, users[0].departmentId, users[0].role], ['department', ward, 'viewer']);
  assert.equal((await visitor.ask('GET', '/v1/single-sign-on')).status, 403);
  assert.deepEqual((await visitor.ask('GET', '/v1/session')).body.user.departmentId, ward);
  const rules = { roleClaim: 'groups', roleRules: [{ value: 'it', role: 'admin', departmentId: null }] };
  assert.equal((await lab.change(clinic, rules)).body.code, 'sso.reach_missing');
  assert.equal((await lab.change(clinic, { ...rules, widestReach: 'account' })).status, 200);
  await lab.signedIn(clinic, 'it', { groups: ['it'] });
  const reachOf = async (email: string) =>
    (await clinic.holder.ask('GET', '/v1/users')).body.users.find((one: { email: string }) => one.email === email)
      .reach;
  assert.equal(await reachOf(`it@${clinic.domain}`), 'account');
  assert.equal(await reachOf(`ana@${clinic.domain}`), 'department');
  await lab.signedIn(clinic, 'it', { groups: [] });
  assert.equal(await reachOf(`it@${clinic.domain}`), 'department', 'the provider says so at every sign-in');
});

test('a connection without a word of how far newcomers reach is not switched on for newcomers', async () => {
  const clinic = await lab.newClinic();
  const made = await clinic.holder.ask('POST', '/v1/single-sign-on', {
    ...{ name: 'Least', issuer: lab.idp.issuer, clientId: 'least', domains: ['least.example'] },
    ...{ makesUsers: true, isEnabled: true },
  });
  assert.deepEqual([made.status, made.body.code], [409, 'sso.reach_missing']);
});
