/**
 * Amazon SNS: checks the signature of an envelope against the certificate it names, and answers the question whether a
 * subscription is wanted. It fetches from hosts of Amazon's alone, follows no redirect and believes nothing unsigned.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 */
import { type KeyObject, verify, X509Certificate } from 'node:crypto';
import QuickLRU from 'quick-lru';
import type { Fields } from '../core/providers/provider-event.ts';
import { field, instantOf, isFields } from '../core/providers/read-fields.ts';
import { expired, invalid, isFresh, missing, type Proof, proven } from './proof.ts';

/** What is used of `fetch`, so that a test can stand in for Amazon. */
export type Fetch = (
  url: string,
  init: { readonly redirect: 'error'; readonly signal: AbortSignal },
) => Promise<Pick<Response, 'ok' | 'arrayBuffer'>>;

export interface Sns {
  check(envelope: Fields, topic: string | null, nowMs: number): Promise<Proof>;
  /** Only after `check` has proven the envelope. False: Amazon did not answer as it should. */
  confirm(envelope: Fields): Promise<boolean>;
}

const host = /^sns\.[a-z]{2}(-[a-z]{2,10}){1,3}-\d{1,2}\.amazonaws\.com(\.cn)?$/;
const maxBytes = 64 * 1024;
const deadlineMs = 5_000;
/** Amazon repeats a delivery for an hour unless it is told otherwise. */
const maxAgeMs = 25 * 3_600_000;
const topicForm = /^arn:aws[a-z-]*:sns:[a-z\d-]+:\d{12}:[\w-]{1,256}(\.fifo)?$/;

export const isTopic = (text: string): boolean => topicForm.test(text);

export function isEnvelope(payload: unknown): payload is Fields {
  return (
    isFields(payload) && typeof field(payload, 'TopicArn') === 'string' && typeof field(payload, 'Type') === 'string'
  );
}

export const topicOf = (envelope: Fields): string => String(field(envelope, 'TopicArn'));

export function openSns(fetch: Fetch): Sns {
  const keys = new QuickLRU<string, KeyObject>({ maxSize: 20 });

  const get = async (url: string): Promise<Buffer | undefined> => {
    try {
      const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(deadlineMs) });
      const body = Buffer.from(await answer.arrayBuffer());
      return answer.ok && body.length <= maxBytes ? body : undefined;
    } catch {
      return undefined;
    }
  };

  const keyAt = async (url: string, nowMs: number): Promise<KeyObject | undefined> => {
    const known = keys.get(url);
    if (known !== undefined) return known;
    const pem = await get(url);
    const key = pem === undefined ? undefined : keyOf(pem, nowMs);
    if (key !== undefined) keys.set(url, key, { maxAge: 3_600_000 });
    return key;
  };

  return {
    async check(envelope, topic, nowMs) {
      const signature = field(envelope, 'Signature');
      const algorithm = algorithms.get(String(field(envelope, 'SignatureVersion')));
      if (typeof signature !== 'string') return missing('The call has no signature of Amazon’s.');
      if (algorithm === undefined) return invalid('The version of Amazon’s signature is unknown.');
      if (topic !== null && topicOf(envelope) !== topic) return invalid('The message is of another SNS topic.');
      if (!isTopic(topicOf(envelope))) return invalid('The message names no SNS topic.');
      const atMs = instantOf(field(envelope, 'Timestamp'));
      if (atMs === null || !isFresh(atMs, nowMs, maxAgeMs))
        return expired('The message is too old or lies in the future.');
      const url = amazonUrl(field(envelope, 'SigningCertURL') ?? field(envelope, 'SigningCertUrl'));
      if (url === undefined || !url.pathname.endsWith('.pem'))
        return invalid('The certificate is not at an address of Amazon’s.');
      const key = await keyAt(url.href, nowMs);
      if (key === undefined) return invalid('Amazon’s certificate could not be fetched, or is none.');
      const signed = Buffer.from(signedText(envelope));
      return verify(algorithm, signed, key, Buffer.from(signature, 'base64'))
        ? proven
        : invalid('The signature does not match: the message was changed on its way.');
    },
    async confirm(envelope) {
      const url = amazonUrl(field(envelope, 'SubscribeURL'));
      return url !== undefined && (await get(url.href)) !== undefined;
    },
  };
}

const algorithms: ReadonlyMap<string, string> = new Map([
  ['1', 'RSA-SHA1'],
  ['2', 'RSA-SHA256'],
]);

function keyOf(pem: Buffer, nowMs: number): KeyObject | undefined {
  try {
    const certificate = new X509Certificate(pem);
    const isValid = certificate.validFromDate.getTime() <= nowMs && nowMs <= certificate.validToDate.getTime();
    return isValid && certificate.publicKey.asymmetricKeyType === 'rsa' ? certificate.publicKey : undefined;
  } catch {
    return undefined;
  }
}

/** Nothing but HTTPS, at Amazon, at the usual port, for nobody in particular. */
function amazonUrl(value: unknown): URL | undefined {
  if (typeof value !== 'string' || value.length > 2_000) return undefined;
  const url = URL.parse(value);
  if (url === null || url.protocol !== 'https:' || url.port !== '' || url.username !== '' || url.password !== '')
    return undefined;
  return host.test(url.hostname) ? url : undefined;
}

const ofNotification = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'];
const ofSubscription = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];

function signedText(envelope: Fields): string {
  const names = field(envelope, 'Type') === 'Notification' ? ofNotification : ofSubscription;
  return names
    .filter((name) => typeof field(envelope, name) === 'string')
    .map((name) => `${name}\n${String(field(envelope, name))}\n`)
    .join('');
}
