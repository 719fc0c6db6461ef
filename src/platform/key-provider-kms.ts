/** AWS KMS as the keeper of the master key: Encrypt and Decrypt, signed by Signature Version 4. It keeps nothing. */
import { createHash, createHmac } from 'node:crypto';
import type { KeyProvider } from './key-provider.ts';
import { askKeeper, KeyProviderFault } from './key-provider-fault.ts';

export interface KmsOptions {
  readonly kind: 'aws-kms';
  /** Id, ARN or alias of the symmetric key. */
  readonly keyId: string;
  readonly region: string;
  /** Default: Amazon's address in the region. */
  readonly url?: string | undefined;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly now?: () => Date;
}

/** Bound to each value by KMS and shown in its log: a value of another use does not open. */
const context = { application: 'waxwing', use: 'master-key' };

export function kmsKeys(options: KmsOptions): KeyProvider {
  const url = options.url ?? `https://kms.${options.region}.amazonaws.com`;
  const ask = async (action: 'Encrypt' | 'Decrypt', fields: object, answer: string): Promise<string> => {
    const body = JSON.stringify({ KeyId: options.keyId, EncryptionContext: context, ...fields });
    const headers = signedHeaders(options, new URL(url), action, body);
    const { status, body: said } = await askKeeper('AWS KMS', url, { headers, body });
    const value = said[answer];
    if (status === 200 && typeof value === 'string') return value;
    throw new KeyProviderFault(refusal(action, status, said, options));
  };
  return {
    name: 'aws-kms',
    wrap: (key) => ask('Encrypt', { Plaintext: Buffer.from(key).toString('base64') }, 'CiphertextBlob'),
    unwrap: async (wrapped) => Buffer.from(await ask('Decrypt', { CiphertextBlob: wrapped }, 'Plaintext'), 'base64'),
  };
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#API_Decrypt_Errors */
function refusal(action: string, status: number, said: Readonly<Record<string, unknown>>, options: KmsOptions): string {
  const type = typeof said.__type === 'string' ? (said.__type.split('#').at(-1) ?? '') : `status ${status}`;
  const remedy: Readonly<Record<string, string>> = {
    AccessDeniedException: `Allow kms:${action} on the key to the user of AWS_ACCESS_KEY_ID.`,
    UnrecognizedClientException: 'Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.',
    InvalidSignatureException: 'Check AWS_SECRET_ACCESS_KEY, and that this machine’s clock is right.',
    ExpiredTokenException: 'AWS_SESSION_TOKEN has run out: set a new one.',
    NotFoundException: `There is no such key in ${options.region}: check WAXWING_KMS_KEY_ID and WAXWING_KMS_REGION.`,
    DisabledException: 'The key is disabled: enable it in KMS.',
    KMSInvalidStateException: 'The key is disabled or waits for its deletion: cancel that in KMS at once.',
    InvalidCiphertextException: 'The key file was wrapped under another key, or altered: restore it from your backup.',
    IncorrectKeyException: 'The key file was wrapped under another key: check WAXWING_KMS_KEY_ID.',
  };
  return `AWS KMS refused to ${action.toLowerCase()} the master key (${type.slice(0, 80)}). ${remedy[type] ?? 'Look at the key and its policy in KMS.'}`;
}

function signedHeaders(options: KmsOptions, url: URL, action: string, body: string): Record<string, string> {
  const at = (options.now?.() ?? new Date()).toISOString().replace(/[-:]|\.\d+/g, '');
  const headers: Record<string, string> = {
    'content-type': 'application/x-amz-json-1.1',
    host: url.host,
    'x-amz-date': at,
    ...(options.sessionToken === undefined ? {} : { 'x-amz-security-token': options.sessionToken }),
    'x-amz-target': `TrentService.${action}`,
  };
  const { host, ...sent } = headers;
  const request = { method: 'POST', path: '/', headers, body, at, region: options.region, service: 'kms' };
  return { ...sent, authorization: authorization(request, options) };
}

export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** As in x-amz-date. */
  readonly at: string;
  readonly region: string;
  readonly service: string;
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
export function authorization(request: SignedRequest, by: Pick<KmsOptions, 'accessKeyId' | 'secretAccessKey'>): string {
  const names = Object.keys(request.headers).sort();
  const lines = names.map((name) => `${name}:${request.headers[name]?.trim()}\n`).join('');
  const signed = names.join(';');
  const canonical = [request.method, request.path, '', lines, signed, sha256(request.body)].join('\n');
  const day = request.at.slice(0, 8);
  const scope = `${day}/${request.region}/${request.service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', request.at, scope, sha256(canonical)].join('\n');
  const key = [day, request.region, request.service, 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4${by.secretAccessKey}`,
  );
  const signature = hmac(key as Buffer, text).toString('hex');
  return `AWS4-HMAC-SHA256 Credential=${by.accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
}
