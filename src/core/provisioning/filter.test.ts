import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScimFault } from './fault.ts';
import { matches, mentions, pinsOf, readFilter } from './filter.ts';
import { groupKind, type Resource, userKind } from './schema.ts';

const ana: Resource = {
  id: 'A1',
  userName: 'Ana@Clinic.example',
  displayName: 'Ana (night)',
  active: true,
  emails: [
    { value: 'ana@clinic.example', type: 'work', primary: true },
    { value: 'ana@home.example', type: 'home' },
  ],
};
const finds = (filter: string): boolean => matches(readFilter(filter, userKind), ana);

test('and binds more closely than or, and brackets more closely than both', () => {
  assert.equal(finds('active eq true or userName eq "x" and userName eq "y"'), true);
  assert.equal(finds('(active eq true or userName eq "x") and userName eq "y"'), false);
  assert.equal(finds('not (active eq false) and active eq true'), true);
});

test('brackets behind an attribute hold of one value, not of several together', () => {
  assert.equal(finds('emails[type eq "work" and value co "clinic"]'), true);
  assert.equal(finds('emails[type eq "home" and value co "clinic"]'), false);
  assert.equal(finds('emails.type eq "home" and emails.value co "clinic"'), true);
  assert.equal(finds('emails[type eq "home"].value eq "ANA@home.example"'), true);
  assert.equal(finds('emails[not (type eq "work")]'), true);
});

test('case counts only where the schema says so', () => {
  assert.equal(finds('userName eq "ana@clinic.EXAMPLE"'), true);
  assert.equal(finds('id eq "a1"'), false);
  assert.equal(finds('displayName ew "(NIGHT)"'), true);
});

test('what must be equal is found for the index, and nothing below or or not', () => {
  const pins = (filter: string) => pinsOf(readFilter(filter, userKind)).map(({ path, value }) => `${path}=${value}`);
  assert.deepEqual(pins('userName eq "a" and (externalId eq "b" and active eq true)'), ['userName=a', 'externalId=b']);
  assert.deepEqual(pins('emails[type eq "work" and value eq "a"]'), ['emails.type=work', 'emails.value=a']);
  assert.deepEqual(pins('emails eq "a"'), ['emails.value=a']);
  assert.deepEqual(pins('userName eq "a" or userName eq "b"'), []);
  assert.deepEqual(pins('not (userName eq "a") and userName sw "b"'), []);
});

test('a filter tells which attributes it looks at', () => {
  const filter = readFilter('id eq "x" and not (members eq "y")', groupKind);
  assert.equal(mentions(filter, 'members'), true);
  assert.equal(mentions(filter, 'displayName'), false);
});

test('a fault says what a filter should be, and nothing of what it was', () => {
  assert.throws(
    () => readFilter('secret eq "secret"', userKind),
    (fault) => fault instanceof ScimFault && fault.kind === 'invalidFilter' && !fault.message.includes('secret'),
  );
});
