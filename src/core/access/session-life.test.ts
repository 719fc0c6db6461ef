import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitsOf } from './session-life.ts';

const nothing = { roleIdle: null, roleAbsolute: null, departmentIdle: null, departmentAbsolute: null };

test('a session lasts half an hour without use and twelve hours in all unless somebody says otherwise', () => {
  assert.deepEqual(limitsOf(nothing), { idleMinutes: 30, absoluteMinutes: 720 });
});

test('a role may be given more or less', () => {
  assert.deepEqual(limitsOf({ ...nothing, roleIdle: 60, roleAbsolute: 1440 }), {
    idleMinutes: 60,
    absoluteMinutes: 1440,
  });
  assert.equal(limitsOf({ ...nothing, roleIdle: 1 }).idleMinutes, 1);
});

test('a department only shortens', () => {
  assert.equal(limitsOf({ ...nothing, departmentIdle: 5 }).idleMinutes, 5);
  assert.equal(limitsOf({ ...nothing, departmentIdle: 45 }).idleMinutes, 30);
  assert.equal(limitsOf({ ...nothing, roleAbsolute: 60, departmentAbsolute: 480 }).absoluteMinutes, 60);
});
