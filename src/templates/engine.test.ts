import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ValueFault } from '../core/template/marks.ts';
import { parseTemplate } from './engine.ts';

const faultOf = (template: string, data: object = {}): string => {
  try {
    parseTemplate(template).render({ ...data }, 'refuse');
  } catch (error) {
    if (error instanceof ValueFault) return error.message;
    throw error;
  }
  return '';
};

test('a small template with loops makes no large copy: of values', () => {
  const data = { big: 'x'.repeat(16_000) };
  const template = '{% for i in (1..9000) %}{{ big }}{% endfor %}';
  assert.equal(faultOf(template, data), 'the values of a copy are longer than 1000000 characters together');
  assert.equal(faultOf('{% for i in (1..60) %}{{ big }}{% endfor %}', data), '');
});

test('a small template with loops makes no large copy: of its own words', () => {
  const words = 'abcdefghi '.repeat(1_000);
  assert.equal(faultOf(`{% for i in (1..9000) %}${words}{% endfor %}`), 'a copy becomes too long by its loops');
  const nested = `{% for i in (1..90) %}{% for j in (1..90) %}${words}{% endfor %}{% endfor %}`;
  assert.equal(faultOf(nested), 'a copy becomes too long by its loops');
  assert.equal(faultOf(`{% for i in (1..100) %}${words}{% endfor %}`), '');
});

test('the limits are those of each copy, not of all together', () => {
  const parsed = parseTemplate('{% for i in (1..60) %}{{ big }}{% endfor %}');
  for (let n = 0; n < 5; n++) assert.equal(parsed.render({ big: 'x'.repeat(16_000) }, 'refuse').values.length, 60);
});

const tooMuch = 'a copy takes more work than one may';
const list = Array.from({ length: 1_000 }, (_, n) => `${(n * 7919) % 1009}`);
const asked: readonly [what: string, round: string][] = [
  ['sorting', '{% assign sorted = list | sort_natural %}'],
  ['comparing lists', '{% if list == same %}{% endif %}'],
  ['looking into a text', '{% if long contains "aaaab" %}{% endif %}'],
  ['choices', '{% case list %}{% when same %}{% endcase %}'],
  ['loops that stop at once', '{% for one in fields %}{% break %}{% endfor %}'],
  ['many tags', '{% assign word = "a" %}'.repeat(500)],
  ['many conditions', `{% if no %}${'{% elsif no %}'.repeat(500)}{% endif %}`],
];
for (const [what, round] of asked)
  test(`a copy takes no more work than one may, whatever the clock says: ${what}`, () => {
    const fields = Object.fromEntries(list.map((one, n) => [`${n}`, one]));
    const data = { list, same: [...list], long: 'a'.repeat(16_000), fields, no: false };
    assert.equal(faultOf(`{% for i in (1..9000) %}${round}{% endfor %}`, data), tooMuch);
    assert.equal(faultOf(`{% for i in (1..10) %}${round}{% endfor %}`, data), '', 'a few are no harm');
  });

test('a long letter is not refused for its length, nor one of many values', () => {
  assert.equal(faultOf('<p>Dear reader</p>'.repeat(50_000)), '');
  assert.equal(faultOf('<p>{{ name }}</p>'.repeat(9_000), { name: 'Ana' }), '');
});

test('a template of very many parts is refused before it is read', () => {
  assert.throws(() => parseTemplate('{% assign a = 1 %}'.repeat(50_000)), /more than 25000 words, values and tags/);
});

test('a number that JSON cannot carry whole is refused, and the same as a text is taken', () => {
  const parsed = JSON.parse('{"member": 9007199254740993}');
  assert.match(faultOf('Member {{ member }}', parsed), /more digits than a number keeps: send it as a text$/);
  assert.equal(faultOf('Member {{ member }}', { member: '9007199254740993' }), '');
  assert.equal(faultOf('Member {{ member }}', { member: -9_007_199_254_740_991 }), '');
});
