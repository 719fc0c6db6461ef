/** What the built console loads first: little, from its own host, and nothing that its policy would refuse. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';

const folder = join(import.meta.dirname, '..', '..', 'web', 'dist');
const page = existsSync(join(folder, 'index.html')) ? readFileSync(join(folder, 'index.html'), 'utf8') : '';
const addressesIn = (pattern: RegExp): string[] => [...page.matchAll(pattern)].map(([, address = '']) => address);

describe('the built console', () => {
  it('is there: `npm test` builds it first', () => {
    assert.notEqual(page, '');
  });

  it('loads less than 300 kB of JavaScript, compressed, before its first page', () => {
    const scripts = addressesIn(/(?:src|href)="\/(assets\/[^"]+\.js)"/g);
    const bytes = scripts.reduce((sum, path) => sum + gzipSync(readFileSync(join(folder, path))).length, 0);
    assert.ok(scripts.length > 0);
    assert.ok(bytes < 300_000, `${bytes} bytes`);
  });

  it('names no other host and has no script or style of its own in the page', () => {
    assert.deepEqual(addressesIn(/(?:src|href)="(?!\/)([^"]+)"/g), []);
    assert.doesNotMatch(page, /<style|\sstyle=|\son\w+=/);
    for (const [, body] of page.matchAll(/<script[^>]*>([^<]*)<\/script>/g)) assert.equal(body?.trim(), '');
  });

  it('leaves the place where the server writes the nonce of its styles', () => {
    assert.match(page, /<meta name="csp-nonce" content="__CSP_NONCE__" \/>/);
  });
});
