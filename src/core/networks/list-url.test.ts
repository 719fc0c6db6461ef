import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isInnerUrl, mayFollow } from './list-url.ts';

test('this machine and private addresses are within the own network, names of others are not', () => {
  for (const url of [
    'http://localhost:1/a',
    'http://127.0.0.9/',
    'http://[::1]/',
    'http://10.1.2.3/',
    'http://172.31.0.1/',
    'http://192.168.1.1/',
    'http://[fd00::1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://0x7f000001/',
  ])
    assert.equal(isInnerUrl(url), true, url);
  for (const url of [
    '',
    'x',
    'http://mirror.example/',
    'http://localhost.example/',
    'http://17.0.0.1/',
    'http://0.0.0.0/',
    'http://169.254.169.254/',
    'http://[fe80::1]/',
    'http://[2001:4860::1]/',
    'http://10.1.2.3.example/',
  ])
    assert.equal(isInnerUrl(url), false, url);
});

test('a publisher’s redirect stays on https and outside of the own network', () => {
  const from = 'https://publisher.example/list';
  assert.equal(mayFollow(from, 'https://cdn.publisher.example/list'), true);
  for (const to of [
    'http://publisher.example/list',
    'https://127.0.0.1/list',
    'https://10.0.0.1/',
    'http://localhost/',
    'ftp://publisher.example/',
    'data:text/plain,1.2.3.4',
    '',
  ])
    assert.equal(mayFollow(from, to), false, to);
});

test('a mirror in the own network may redirect within it, or out over https', () => {
  const from = 'http://10.0.0.7/list';
  for (const to of ['http://10.0.0.8/list', 'https://publisher.example/list'])
    assert.equal(mayFollow(from, to), true, to);
  for (const to of ['http://publisher.example/list', '']) assert.equal(mayFollow(from, to), false, to);
});
