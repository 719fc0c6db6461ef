import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { readWill } from './one-click-body.ts';

const form = 'application/x-www-form-urlencoded';
const will = (type: string | undefined, body: string) => readWill(type, Buffer.from(body, 'latin1'));
const parts = (boundary: string, ...fields: readonly string[]): string =>
  `${fields.map((field) => `--${boundary}\r\n${field}\r\n`).join('')}--${boundary}--\r\n`;
const part = (name: string, value: string): string => `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`;

test('the pair of RFC 8058 is a will in both of its forms, and the page’s button says that it was the page', () => {
  assert.equal(will(form, 'List-Unsubscribe=One-Click'), 'one-click');
  assert.equal(will(`${form}; charset=UTF-8`, 'List-Unsubscribe=One-Click\r\n'), 'one-click');
  assert.equal(will(undefined, 'List-Unsubscribe=One-Click'), 'one-click');
  assert.equal(will(form, 'list-unsubscribe=one-click'), 'one-click');
  assert.equal(will(form, 'List%2DUnsubscribe=One%2DClick&a=b'), 'one-click');
  assert.equal(will(form, 'List-Unsubscribe=One-Click&Waxwing-Page=confirmed'), 'page');
  const type = 'multipart/form-data; boundary="---8d7=1"';
  assert.equal(will(type, parts('---8d7=1', part('List-Unsubscribe', 'One-Click'))), 'one-click');
  const bare = 'multipart/form-data; boundary=----WebKitFormBoundaryX';
  const both = [part('Waxwing-Page', 'confirmed'), part('List-Unsubscribe', 'One-Click')];
  assert.equal(will(bare, parts('----WebKitFormBoundaryX', ...both)), 'page');
  assert.equal(
    will('Multipart/Form-Data; Boundary=b', parts('b', part('List-Unsubscribe', 'One-Click')).replaceAll('\r\n', '\n')),
    'one-click',
  );
});

test('nothing else is one', () => {
  for (const body of [
    '',
    'One-Click',
    'List-Unsubscribe',
    'List-Unsubscribe=',
    'List-Unsubscribe=No',
    'Waxwing-Page=confirmed',
    'x=List-Unsubscribe=One-Click',
    'List-Unsubscribe=One-Click-Not',
    '{"List-Unsubscribe":"One-Click"}',
  ])
    assert.equal(will(form, body), null, body);
  assert.equal(will('application/json', 'List-Unsubscribe=One-Click'), null);
  assert.equal(will('text/plain', 'List-Unsubscribe=One-Click'), null);
  assert.equal(will('multipart/form-data', parts('b', part('List-Unsubscribe', 'One-Click'))), null, 'no boundary');
  assert.equal(will('multipart/form-data; boundary=c', parts('b', part('List-Unsubscribe', 'One-Click'))), null);
  assert.equal(will('multipart/form-data; boundary=b', 'List-Unsubscribe=One-Click'), null);
  assert.equal(
    will('multipart/form-data; boundary=b', parts('b', part('note', 'name="List-Unsubscribe"\r\n\r\nOne-Click'))),
    null,
  );
});

test('no octets make it throw or wait', () => {
  const types = [form, 'multipart/form-data; boundary=b', `multipart/form-data; boundary=${'b'.repeat(5_000)}`, ';;;'];
  const startedMs = performance.now();
  for (let n = 0; n < 300; n++)
    for (const type of types) {
      assert.equal(readWill(type, randomBytes(2_000)), null);
      assert.equal(will(type, '--b\r\nContent-Disposition: form-data;'.repeat(400)), null);
      assert.equal(will(type, '%&='.repeat(5_000)), null);
    }
  assert.ok(performance.now() - startedMs < 10_000);
});
