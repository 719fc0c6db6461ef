/** Keepers of the master key against local stand-ins that check what they are sent as the real ones do. */
import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileKeys } from './key-provider.ts';
import { KeyProviderFault } from './key-provider-fault.ts';
import { authorization } from './key-provider-kms.ts';
import { addMasterKey, KeyFileFault, openMasterKey, rewriteKeyFile } from './master-key.ts';
import { openKeyProvider } from './open-key-provider.ts';

const home = mkdtempSync(join(tmpdir(), 'waxwing-keeper-'));
const tokenFile = join(home, 'token');
const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const asked: string[] = [];
let url: string;
const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString();
  asked.push(body);
  const { status, answer } = request.headers['x-amz-target'] === undefined ? vault(request, body) : kms(request, body);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
});

before(async () => {
  writeFileSync(tokenFile, 'hvs.example\n', { mode: 0o600 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.close();
  rmSync(home, { recursive: true, force: true });
});

/** Another way to the same signature than the program's, from what arrived. */
function isSigned(request: IncomingMessage, body: string): boolean {
  const [, scope = '', names = '', given] =
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})$/.exec(
      request.headers.authorization ?? '',
    ) ?? [];
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  const lines = names.split(';').map((name) => `${name}:${request.headers[name]}`);
  const canonical = `POST\n${request.url}\n\n${lines.join('\n')}\n\n${names}\n${hash(body)}`;
  const text = `AWS4-HMAC-SHA256\n${request.headers['x-amz-date']}\n${scope}\n${hash(canonical)}`;
  let key: Buffer = Buffer.from(`AWS4${secretAccessKey}`);
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest();
  return (
    scope.endsWith('/eu-central-1/kms/aws4_request') && createHmac('sha256', key).update(text).digest('hex') === given
  );
}

function kms(request: IncomingMessage, body: string) {
  if (!isSigned(request, body)) return { status: 400, answer: { __type: 'InvalidSignatureException' } };
  const fields = JSON.parse(body) as Record<string, string>;
  if (fields.KeyId !== 'alias/waxwing') return { status: 400, answer: { __type: 'com.amazonaws#NotFoundException' } };
  const flip = (text = '') => Buffer.from(Buffer.from(text, 'base64').map((byte) => byte ^ 0x5a)).toString('base64');
  return request.headers['x-amz-target'] === 'TrentService.Encrypt'
    ? { status: 200, answer: { CiphertextBlob: flip(fields.Plaintext) } }
    : { status: 200, answer: { Plaintext: flip(fields.CiphertextBlob) } };
}

function vault(request: IncomingMessage, body: string) {
  if (request.headers['x-vault-token'] !== 'hvs.example')
    return { status: 403, answer: { errors: ['permission denied'] } };
  const fields = JSON.parse(body) as Record<string, string>;
  if (request.url === '/v1/transit/encrypt/waxwing')
    return { status: 200, answer: { data: { ciphertext: `vault:v1:${fields.plaintext}` } } };
  if (request.url !== '/v1/transit/decrypt/waxwing') return { status: 404, answer: { errors: [] } };
  const [, text] = /^vault:v1:(.+)$/.exec(fields.ciphertext ?? '') ?? [];
  return text === undefined ? { status: 400, answer: {} } : { status: 200, answer: { data: { plaintext: text } } };
}

const kmsKeeper = (more: object = {}) =>
  openKeyProvider({
    kind: 'aws-kms',
    keyId: 'alias/waxwing',
    region: 'eu-central-1',
    url,
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey,
    sessionToken: 'a-session',
    ...more,
  });
const vaultKeeper = (more: object = {}) =>
  openKeyProvider({ kind: 'vault-transit', url, tokenFile, keyName: 'waxwing', mount: 'transit', ...more });

// get-vanilla of Amazon's test suite for Signature Version 4.
test('a request is signed as Amazon’s own test vector is', () => {
  const request = {
    method: 'GET',
    path: '/',
    headers: { host: 'example.amazonaws.com', 'x-amz-date': '20150830T123600Z' },
    body: '',
    at: '20150830T123600Z',
    region: 'us-east-1',
    service: 'service',
  };
  assert.match(
    authorization(request, { accessKeyId: 'AKIDEXAMPLE', secretAccessKey }),
    /Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31$/,
  );
});

for (const [name, keeper] of [
  ['AWS KMS', kmsKeeper],
  ['Vault', vaultKeeper],
] as const) {
  test(`a key wrapped by ${name} comes back, and the file alone tells nothing of it`, async () => {
    const file = join(home, `${name}.key`);
    const key = Buffer.from(await openMasterKey(file, keeper()));
    assert.deepEqual(Buffer.from(await openMasterKey(file, keeper())), key);
    assert.match(readFileSync(file, 'utf8'), /^(aws-kms|vault-transit) \S+\n$/);
    assert.equal(await addMasterKey(file, keeper()), 2);
    const both = await openMasterKey(file, keeper());
    assert.deepEqual(both.subarray(0, 32), new Uint8Array(key.subarray(0, 32)));
    assert.ok(both.subarray(32, 64).some((byte) => byte !== 0) && both.subarray(64).every((byte) => byte === 0));
    await assert.rejects(
      openMasterKey(file),
      (error) => error instanceof KeyFileFault && /is wrapped by/.test(error.message),
    );
  });

  test(`a plain file is wrapped by ${name} when it is asked for, not before`, async () => {
    const file = join(home, `plain ${name}.key`);
    const key = Buffer.from(await openMasterKey(file));
    await assert.rejects(openMasterKey(file, keeper()), /waxwing keys wrap/);
    assert.equal(await rewriteKeyFile(file, fileKeys, keeper()), 1);
    assert.deepEqual(Buffer.from(await openMasterKey(file, keeper())), key);
    assert.ok(!readFileSync(file, 'utf8').includes(`\n${key.subarray(0, 32).toString('base64')}`));
  });
}

test('what a keeper refuses is said in words, with what to do, and without what was asked', async () => {
  const key = randomBytes(32);
  const cases = [
    [kmsKeeper({ secretAccessKey: 'wrong' }), /InvalidSignatureException.*clock/],
    [kmsKeeper({ keyId: 'other' }), /NotFoundException.*WAXWING_KMS_KEY_ID/],
    [vaultKeeper({ keyName: 'other' }), /status 404.*WAXWING_VAULT_KEY/],
    [vaultKeeper({ tokenFile: join(home, 'none') }), /WAXWING_VAULT_TOKEN_FILE.*ENOENT/],
    [kmsKeeper({ url: 'http://127.0.0.1:9' }), /does not answer/],
  ] as const;
  for (const [keeper, words] of cases)
    await assert.rejects(keeper.wrap(key), (error: Error) => {
      assert.ok(error instanceof KeyProviderFault);
      assert.match(error.message, words);
      assert.ok(!error.message.includes(key.toString('base64')) && !error.message.includes('wrong'));
      return true;
    });
  await assert.rejects(vaultKeeper().unwrap('rubbish'), /status 400.*altered/);
  writeFileSync(tokenFile, 'hvs.expired\n');
  await assert.rejects(vaultKeeper().wrap(key), /status 403.*policy/);
  writeFileSync(tokenFile, 'hvs.example\n');
  await vaultKeeper().wrap(key);
});
