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
