import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hideTexts, requestKey, showText } from './request-cipher.ts';

const key = requestKey(randomBytes(32));

describe('a hidden request', () => {
  it('is read as it was, wherever in its batch it stands', () => {
    const texts = fc.array(
      fc.string({ unit: 'grapheme', maxLength: 400 }).map((text) => text.toWellFormed().replace(/\n+$/, '')),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(texts, (all) => {
        const hide = hideTexts(key);
        const hidden = all.map((text) => hide(text));
        assert.deepEqual(
          hidden.map((one) => showText(key, one)),
          all,
        );
      }),
    );
  });

  it('is never hidden alike twice', () => {
    const [one, other] = [hideTexts(key), hideTexts(key)];
    const texts = [one('203.0.113.7\nMail/1'), one('203.0.113.7\nMail/1'), other('203.0.113.7\nMail/1')];
    assert.equal(new Set(texts.map((text) => text.slice(28))).size, 3);
  });

  it('tells its length in blocks of 16 only, and nothing of its text', () => {
    const hide = hideTexts(key);
    assert.equal(hide('192.0.2.1\na').length, hide('192.0.2.100\nab').length);
    assert.ok(!Buffer.from(hide('canary canary'), 'base64').toString('latin1').includes('canary'));
  });

  it('is nothing under another key, and what is none is nothing', () => {
    const hidden = hideTexts(key)('203.0.113.7\nMail/1');
    assert.equal(showText(requestKey(randomBytes(32)), hidden), null);
    for (const text of ['', 'AAAA', '€', hidden.slice(0, 20)]) assert.equal(showText(key, text), null);
  });
});
