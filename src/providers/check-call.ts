/**
 * Whether a call comes from the connection's provider: by its signature where the provider signs and the key is known, by
 * the connection's password otherwise. It stores nothing.
 */
import type { ProviderName } from '../core/providers/provider-event.ts';
import { checkPassword } from './basic-auth.ts';
import { type ConnectionSecret, invalid, missing, type Proof, type ProviderCall } from './proof.ts';
import {
  type CheckSignature,
  checkMailgun,
  checkMandrill,
  checkResend,
  checkSendGrid,
  resendKey,
  sendGridKey,
} from './signatures.ts';
import { isEnvelope, isTopic, type Sns } from './sns.ts';

const signing: Readonly<Partial<Record<ProviderName, CheckSignature>>> = {
  sendgrid: checkSendGrid,
  mailgun: checkMailgun,
  resend: checkResend,
  mandrill: checkMandrill,
};

/** How calls of such a connection prove themselves. */
export function checksOf(
  provider: ProviderName,
  hasKey: boolean,
): 'signature' | 'basic-auth' | 'signature-or-basic-auth' {
  if (provider === 'ses') return 'signature-or-basic-auth';
  return signing[provider] !== undefined && hasKey ? 'signature' : 'basic-auth';
}

export function isUsableKey(provider: ProviderName, key: string): boolean {
  if (provider === 'sendgrid') return sendGridKey(key) !== undefined;
  if (provider === 'resend') return resendKey(key) !== undefined;
  if (provider === 'ses') return isTopic(key);
  return signing[provider] !== undefined;
}

export async function checkCall(
  sns: Sns,
  provider: ProviderName,
  secret: ConnectionSecret,
  call: ProviderCall,
  nowMs: number,
): Promise<Proof> {
  if (provider === 'ses') return checkSes(sns, secret, call, nowMs);
  const check = signing[provider];
  if (check === undefined || secret.key === null) return checkPassword(call, secret.passwordHash);
  return check(call, secret.key, nowMs);
}

/** With raw message delivery SNS signs nothing, but knows the password in the subscription's address. */
async function checkSes(sns: Sns, secret: ConnectionSecret, call: ProviderCall, nowMs: number): Promise<Proof> {
  if (isEnvelope(call.payload)) return sns.check(call.payload, secret.key, nowMs);
  if (Array.isArray(call.payload)) return invalid('SNS sends one message a call.');
  const byPassword = checkPassword(call, secret.passwordHash);
  return byPassword.kind === 'missing'
    ? missing('The call is no signed SNS message, and has no password: raw message delivery needs one in the address.')
    : byPassword;
}
