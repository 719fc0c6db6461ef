import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientOf } from './client.ts';

const WINDOWS_CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';

const kinds: readonly (readonly [string, string, string])[] = [
  ['missing', 'missing', ''],
  ['missing', 'missing', ' - '],
  ['bare', 'bare', 'Mozilla/5.0'],
  [
    'display-proxy',
    'gmail-proxy',
    'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)',
  ],
  ['display-proxy', 'yahoo-proxy', 'YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html'],
  ['display-proxy', 'fastmail-proxy', 'FastmailUA/1.0'],
  ['display-proxy', 'shortwave-proxy', 'Shortwave Image Fetcher'],
  ['mail-client', 'outlook', 'Mozilla/4.0 (compatible; ms-office; MSOffice 16)'],
  ['mail-client', 'outlook', 'Outlook-iOS/723.4027091.prod.iphone (4.28.0)'],
  ['mail-client', 'thunderbird', 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0'],
  [
    'mail-client',
    'apple-mail',
    'Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
  ],
  ['browser', 'chrome', WINDOWS_CHROME],
  ['browser', 'edge', `${WINDOWS_CHROME} Edg/142.0.0.0`],
  [
    'browser',
    'safari',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15',
  ],
  ['browser', 'internet-explorer', 'Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)'],
  ['browser', 'other', 'Mozilla/5.0 (compatible; Konqueror/4.14; Linux) KHTML/4.14.38 (like Gecko)'],
  ['robot', 'robot', 'Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)'],
  ['robot', 'robot', 'Mozilla/5.0 (compatible; Dataprovider.com)'],
  ['robot', 'robot', 'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Claude-User/1.0)'],
  ['robot', 'robot', 'curl/8.5.0'],
  ['robot', 'robot', 'node'],
  ['robot', 'robot', 'got (https://github.com/sindresorhus/got)'],
  ['link-preview', 'link-preview', 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)'],
  ['link-preview', 'link-preview', 'WhatsApp/2.23.20.0 A'],
  ['scanner', 'barracuda', 'Barracuda Sentinel (EE)'],
  ['other', 'other', 'SomeApp/1.0'],
];

for (const [kind, family, agent] of kinds) {
  test(`${agent.slice(0, 60) || 'an empty agent'} is ${kind} ${family}`, () => {
    const client = clientOf(agent);
    assert.deepEqual([client.kind, client.family], [kind, family]);
  });
}

test('only an ordinary Chrome or Edge tells its version', () => {
  assert.equal(clientOf(WINDOWS_CHROME).chromeMajor, 142);
  assert.equal(clientOf(`${WINDOWS_CHROME} Edg/142.0.0.0`).chromeMajor, 142);
  assert.equal(clientOf(`${WINDOWS_CHROME} OPR/124.0.0.0`).chromeMajor, undefined);
  const webview =
    'Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/142.0.0.0 Mobile Safari/537.36';
  assert.equal(clientOf(webview).chromeMajor, undefined);
});

test('a megabyte of agent is read quickly and remembered by nobody', () => {
  const startedMs = performance.now();
  for (let round = 0; round < 50; round += 1) clientOf('Mozilla/5.0 (compatible; '.repeat(40_000));
  assert.ok(performance.now() - startedMs < 500);
});

test('what is no text is a missing agent', () => {
  for (const value of [undefined, null, 7, {}, ['curl/8']]) assert.equal(clientOf(value).kind, 'missing');
});
