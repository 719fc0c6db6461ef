import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browserName } from './browser-name.ts';

const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)';

test('browsers that call themselves by others’ names too are told apart', () => {
  assert.equal(
    browserName(`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Chrome/140.0 Safari/537.36 Edg/140.0`),
    'Edge on Windows',
  );
  assert.equal(browserName(`Mozilla/5.0 (X11; Linux x86_64) ${webkit} Chrome/140.0 Safari/537.36`), 'Chrome on Linux');
  assert.equal(
    browserName(
      'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Safari/604.1',
    ),
    'Safari on iOS',
  );
  assert.equal(
    browserName(`Mozilla/5.0 (Linux; Android 16; Pixel 9) ${webkit} Chrome/140.0 Safari/537.36`),
    'Chrome on Android',
  );
  assert.equal(
    browserName('Mozilla/5.0 (Macintosh; Intel Mac OS X 15.6; rv:143.0) Gecko/20100101 Firefox/143.0'),
    'Firefox on macOS',
  );
});

test('what is unknown stays so', () => {
  assert.equal(browserName('curl/8.9'), 'An unknown browser');
  assert.equal(browserName(''), 'An unknown browser');
});
