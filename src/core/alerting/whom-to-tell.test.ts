import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whomToTell } from './whom-to-tell.ts';

const people = [
  { id: 'olga', role: 'owner' },
  { id: 'omar', role: 'owner' },
  { id: 'cleo', role: 'compliance' },
  { id: 'carl', role: 'compliance' },
  { id: 'vera', role: 'viewer' },
];

test('an unusual sign-in is told to whoever it is about and to the owners, each once', () => {
  assert.deepEqual(whomToTell({ what: 'unusual_sign_in', userId: 'vera' }, people), ['vera', 'olga', 'omar']);
  assert.deepEqual(whomToTell({ what: 'unusual_sign_in', userId: 'olga' }, people), ['olga', 'omar']);
});

test('an installation link is told to the owners', () => {
  assert.deepEqual(whomToTell({ what: 'installation_link_used', userId: null }, people), ['olga', 'omar']);
});

test('emergency access is told to compliance but for whoever opened it, else to the owners', () => {
  const opened = (userId: string, among = people) => whomToTell({ what: 'emergency_opened', userId }, among);
  assert.deepEqual(opened('vera'), ['cleo', 'carl']);
  assert.deepEqual(opened('cleo'), ['carl']);
  const withoutCompliance = people.filter(({ role }) => role !== 'compliance');
  assert.deepEqual(opened('vera', withoutCompliance), ['olga', 'omar']);
  assert.deepEqual(opened('olga', withoutCompliance), ['omar']);
  assert.deepEqual(opened('olga', [{ id: 'olga', role: 'owner' }]), ['olga'], 'better told to oneself than to nobody');
  assert.deepEqual(opened('vera', []), []);
});
