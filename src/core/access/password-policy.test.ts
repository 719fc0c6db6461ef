import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgePassword } from './password-policy.ts';

const knownPasswords = new Set(['password', 'correcthorsebatterystaple', 'qwertyuiop12', 'waxwing']);
const ownWords = ['ana.lopez@example.org', 'ana.lopez', 'Ana Lopez', 'Example Clinic'];
const why = (password: string): string => {
  const judged = judgePassword(password, { knownPasswords, ownWords });
  return judged.kind === 'fine' ? 'fine' : judged.why;
};

test('a long enough password of any characters is fine', () => {
  for (const password of [
    'lowercase only words',
    'älter werden Bäume',
    '719302846155',
    `${'x'.repeat(8)}yzuv`,
    '🐦🐧🦅🦆🦉🦜🐔🐓🦚🦩🕊️',
  ])
    assert.equal(why(password), 'fine', password);
});

test('length counts characters, from 12 to 256', () => {
  assert.equal(why('elevenchars'), 'too_short');
  assert.equal(why('twelve chars'), 'fine');
  assert.equal(why('🐦'.repeat(6)), 'too_short');
  assert.equal(why('the quick '.repeat(26)), 'too_long');
  assert.equal(why(`the quick ${'brown fox jumped '.repeat(14)}`), 'fine');
});

test('a known password is refused, in capitals, padded or repeated', () => {
  for (const password of [
    'CorrectHorseBatteryStaple',
    'password2026!!',
    '!!password1234',
    'passwordpassword',
    'Qwertyuiop12',
    'ｐａｓｓｗｏｒｄ2026',
  ])
    assert.equal(why(password), 'common', password);
});

test('rows of neighbours and short repetitions are refused', () => {
  for (const password of [
    'aaaaaaaaaaaaa',
    'abcabcabcabc',
    '123412341234',
    'abcdefghijklm',
    '890123456789',
    '987654321098',
  ])
    assert.equal(why(password), 'common', password);
});

test('what a stranger knows of the user is refused', () => {
  for (const password of ['ana.lopez@example.org', 'Example Clinic', 'ExampleClinic2026', 'ana-lopez-1975!'])
    assert.equal(why(password), 'about_you', password);
  assert.equal(why('ana lopez keeps bees'), 'fine');
});
