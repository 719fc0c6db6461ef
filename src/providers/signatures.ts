/**
 * The signatures of providers that sign with a key the account gave us. Each check is of one provider, says what it found
 * and looks nothing up. Amazon's, which needs a certificate, is in sns.ts.
 */
import { createHmac, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { field, fieldsOf, textOf } from '../core/providers/read-fields.ts';
import { areEqual, hashOf } from './equal-secrets.ts';
import { expired, invalid, isFresh, missing, type Proof, type ProviderCall, proven } from './proof.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/**
 * SendGrid and Mailgun repeat a call for up to a day without saying whether they sign again. What they signed names one
 * body, or holds for one body only, so that age adds nothing to safety.
 */
const dayMs = 25 * hourMs;
/** https://docs.svix.com/receiving/verifying-payloads/how-manual: each attempt is signed anew */
const svixMs = 5 * minuteMs;

export type CheckSignature = (call: ProviderCall, key: string, nowMs: number) => Proof;

const wrong = invalid('The signature does not match: the key is another one, or the body was changed on its way.');
const old = expired('The signature is too old or lies in the future.');

/** https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features */
export const checkSendGrid: CheckSignature = ({ headers, rawBody }, key, nowMs) => {
  const signature = headers['x-twilio-email-event-webhook-signature'];
  const timestamp = headers['x-twilio-email-event-webhook-timestamp'];
  if (signature === undefined || timestamp === undefined)
    return missing('The call is not signed: switch on the signed event webhook at SendGrid.');
  const publicKey = sendGridKey(key);
  if (publicKey === undefined) return wrong;
  const signed = Buffer.concat([Buffer.from(timestamp), rawBody]);
  if (!holds(() => verify('sha256', signed, publicKey, Buffer.from(signature, 'base64')))) return wrong;
  return isFresh(Number(timestamp) * 1000, nowMs, dayMs) ? proven : old;
};

/** Base64 of a SubjectPublicKeyInfo, with or without PEM lines around it; of the curve P-256. */
export function sendGridKey(key: string): KeyObject | undefined {
  const der = Buffer.from(key.replaceAll(/-----[A-Z ]+-----/g, '').replaceAll(/\s/g, ''), 'base64');
  try {
    const read = createPublicKey({ key: der, format: 'der', type: 'spki' });
    return read.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? read : undefined;
  } catch {
    return undefined;
  }
}

/** The signature covers time and token, not the event: see OnceOnly. https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks */
export const checkMailgun: CheckSignature = ({ payload, rawBody }, key, nowMs) => {
  const given = fieldsOf(field(payload, 'signature'));
  const timestamp = textOf(field(given, 'timestamp')) ?? String(field(given, 'timestamp') ?? '');
  const token = textOf(field(given, 'token'));
  const signature = textOf(field(given, 'signature'));
  if (token === null || signature === null || !/^\d{9,11}(\.\d+)?$/.test(timestamp))
    return missing('The call has no signature of Mailgun’s.');
  const right = createHmac('sha256', key).update(`${timestamp}${token}`).digest('hex');
  if (!areEqual(signature.toLowerCase(), right)) return wrong;
  if (!isFresh(Number(timestamp) * 1000, nowMs, dayMs)) return old;
  return { kind: 'proven', once: { token, bodyHash: hashOf(rawBody) } };
};

/** Resend signs by way of Svix; the header may hold several signatures while a secret is being changed. */
export const checkResend: CheckSignature = ({ headers, rawBody }, key, nowMs) => {
  const id = headers['svix-id'] ?? headers['webhook-id'];
  const timestamp = headers['svix-timestamp'] ?? headers['webhook-timestamp'];
  const signatures = headers['svix-signature'] ?? headers['webhook-signature'];
  if (id === undefined || timestamp === undefined || signatures === undefined)
    return missing('The call has no signature of Resend’s.');
  const secret = resendKey(key);
  if (secret === undefined) return wrong;
  const right = createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(rawBody).digest('base64');
  const given = signatures.split(/[ ,]+/).filter((part) => part !== '' && part !== 'v1');
  if (!given.slice(0, maxSignatures).some((one) => areEqual(one, right))) return wrong;
  return isFresh(Number(timestamp) * 1000, nowMs, svixMs) ? proven : old;
};

const maxSignatures = 10;

export function resendKey(key: string): Buffer | undefined {
  const text = key.replace(/^whsec_/, '');
  const secret = Buffer.from(text, 'base64');
  return /^[A-Za-z\d+/_-]+={0,2}$/.test(text) && secret.length >= 16 ? secret : undefined;
}

/** https://mailchimp.com/developer/transactional/guides/track-respond-activity-webhooks/#authenticating-webhook-requests */
export const checkMandrill: CheckSignature = ({ headers, form, addresses }, key) => {
  const signature = headers['x-mandrill-signature'];
  if (signature === undefined || form === null) return missing('The call has no signature of Mandrill’s.');
  const fields = [...form].sort(([one], [other]) => (one < other ? -1 : 1)).map(([name, value]) => name + value);
  const isRight = (address: string): boolean =>
    areEqual(
      signature,
      createHmac('sha1', key)
        .update(address + fields.join(''))
        .digest('base64'),
    );
  return addresses.filter(isRight).length > 0
    ? proven
    : invalid(
        'The signature does not match: the key is another one, or Mandrill knows another address of this webhook.',
      );
};

function holds(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}
