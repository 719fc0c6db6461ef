import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Mapped, type Person, standingOf } from './standing.ts';

const person: Person = { role: 'viewer', departmentId: null, roleGiven: null, isActive: true, isOutByGroups: false };
const fallback = { role: 'viewer', isOut: false } as const;
const mapped = (role: Mapped['role'], departmentId: string | null = null): Mapped => ({ role, departmentId });

test('the strongest role of all groups is given, in whatever order they stand', () => {
  for (const groups of [
    [mapped('viewer'), mapped('admin'), mapped('sender')],
    [mapped('admin'), mapped(null), mapped('viewer')],
  ])
    assert.deepEqual(standingOf(person, groups, fallback), {
      role: 'admin',
      roleGiven: 'admin',
      departmentId: null,
      change: 'none',
      why: 'strongest_group',
    });
});

test('the first group with a department gives it; without one, the person keeps theirs', () => {
  assert.equal(standingOf(person, [mapped(null), mapped(null, 'a'), mapped(null, 'b')], fallback).departmentId, 'a');
  assert.equal(standingOf({ ...person, departmentId: 'c' }, [mapped('sender')], fallback).departmentId, 'c');
});

test('an owner by hand stays one; an owner by groups does not', () => {
  const owner: Person = { ...person, role: 'owner' };
  assert.equal(standingOf(owner, [mapped('viewer')], fallback).role, 'owner');
  assert.equal(standingOf({ ...owner, roleGiven: 'sender' }, [mapped('viewer')], fallback).role, 'owner');
  assert.equal(standingOf({ ...owner, roleGiven: 'owner' }, [mapped('viewer')], fallback).role, 'viewer');
});

test('leaving the last group gives the fallback, or puts out; only a role that groups gave is taken', () => {
  const sender: Person = { ...person, role: 'sender', roleGiven: 'sender' };
  assert.deepEqual(standingOf(sender, [], fallback), {
    role: 'viewer',
    roleGiven: null,
    departmentId: null,
    change: 'none',
    why: 'left_last_group',
  });
  assert.equal(standingOf(sender, [mapped(null)], { ...fallback, isOut: true }).change, 'deactivate');
  assert.equal(standingOf({ ...sender, isActive: false }, [], { ...fallback, isOut: true }).change, 'none');
  assert.deepEqual(standingOf({ ...sender, roleGiven: null }, [], { ...fallback, isOut: true }), {
    role: 'sender',
    roleGiven: null,
    departmentId: null,
    change: 'none',
    why: 'no_group',
  });
  assert.equal(standingOf({ ...sender, role: 'admin' }, [], fallback).role, 'admin', 'changed by hand since');
});

test('a group lets back in whom losing groups put out, and nobody else', () => {
  const out: Person = { ...person, isActive: false, isOutByGroups: true };
  assert.equal(standingOf(out, [mapped('sender')], fallback).change, 'reactivate');
  assert.equal(standingOf(out, [mapped(null, 'a')], fallback).change, 'none');
  assert.equal(standingOf({ ...out, isOutByGroups: false }, [mapped('sender')], fallback).change, 'none');
});
