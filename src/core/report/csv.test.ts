import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { csvOf } from './csv.ts';

const cell = (text: string): string =>
  csvOf(['h'], [[text]])
    .replace(/^\uFEFF?h\r\n/, '')
    .replace(/\r\n$/, '');

describe('CSV', () => {
  it('makes text of every cell that a spreadsheet would run', () => {
    for (const text of [
      '=1+1',
      '+1',
      '-1',
      '@SUM(A1)',
      '\t=1',
      '\r=1',
      '\n=1',
      '=HYPERLINK("http://x.example")',
      '＝1+1',
      '＠x',
    ]) {
      assert.match(cell(text), /^"?'/u, JSON.stringify(text));
    }
  });

  it('does so behind spaces and quotes too', () => {
    for (const text of [' =1', '"=1+1', `'=1`, '  "@x', '\u00a0=1', '\uFEFF=1', '"\t-1'])
      assert.match(cell(text), /^"?'/u, JSON.stringify(text));
  });

  it('leaves what is harmless as it is', () => {
    for (const text of ['spring-2026', 'https://clinic.example/?a=1', 'a@b.example', '2026-11-22', 'Hüfte', ''])
      assert.equal(cell(text), text);
  });

  it('quotes separators, quotes and line breaks, and doubles quotes', () => {
    assert.equal(cell('a,b'), '"a,b"');
    assert.equal(cell('say "hi"'), '"say ""hi"""');
    assert.equal(cell('two\r\nlines'), '"two\r\nlines"');
    assert.equal(cell('a;b'), '"a;b"');
  });

  it('writes numbers as numbers and nothing as nothing', () => {
    assert.equal(csvOf(['a', 'b', 'c'], [[-0.5, null, 3]]), 'a,b,c\r\n-0.5,,3\r\n');
  });

  it('marks itself as UTF-8 only where that matters', () => {
    assert.equal(csvOf(['key'], [['plain']]).startsWith('key'), true);
    assert.equal(csvOf(['key'], [['Hüfte']]).startsWith('\uFEFFkey'), true);
  });
});
