import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Caller } from '../../platform/route.ts';
import { underEmergency } from './under-emergency.ts';

const caller: Caller = {
  accountId: 'account',
  actor: { kind: 'user', id: 'cleo' },
  permissions: ['messages.erase', 'messages.read'],
  departments: ['ward'],
  session: { id: 'session', userId: 'cleo' },
};
const endsAt = new Date('2026-11-22T13:00:00Z');
const before = new Date('2026-11-22T12:59:59Z');
const emergency = { id: 'emergency', endsAt, permissions: ['messages.read', 'reports.read'] as const };

test('it opens the whole account to whoever is narrowed to a department, for what it opens', () => {
  const under = underEmergency(caller, emergency, 'messages.read', before);
  assert.equal(under.departments, undefined);
  assert.deepEqual(under.actor, { kind: 'user', id: 'cleo', emergencyId: 'emergency' });
  assert.deepEqual(
    underEmergency(caller, emergency, 'reports.read', before).permissions?.includes('reports.read'),
    true,
  );
});

test('what it does not open is as narrow as before, and marked', () => {
  for (const permission of ['messages.erase', 'keys.manage', 'session'] as const) {
    const under = underEmergency(caller, emergency, permission, before);
    assert.deepEqual([under.departments, under.permissions], [['ward'], caller.permissions], permission);
    assert.deepEqual(under.actor, { kind: 'user', id: 'cleo', emergencyId: 'emergency' });
  }
});

test('nothing is left of it at its last moment', () => {
  assert.equal(underEmergency(caller, emergency, 'messages.read', endsAt), caller);
  assert.equal(underEmergency(caller, undefined, 'messages.read', before), caller);
});
