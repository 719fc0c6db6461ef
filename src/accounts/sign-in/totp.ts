/** One-time codes of authenticator apps: fresh secrets, and the time step of a code. It stores nothing. RFC 6238 */
import { Secret, TOTP } from 'otpauth';
import { Problem } from '../../contract/problem.ts';
import type { Vault } from '../../platform/vault.ts';

const periodSeconds = 30;
const setupLifeMs = 3_600_000;

export interface TotpSetup {
  readonly secret: string;
  readonly uri: string;
  readonly setup: string;
}

/** What authenticator apps agree on: SHA-1, six digits, half a minute. */
const totpOf = (secret: Secret, label = ''): TOTP =>
  new TOTP({ issuer: 'Waxwing', label, secret, algorithm: 'SHA1', digits: 6, period: periodSeconds });

/** `setup` is the secret sealed for this user: only what we made ourselves, and recently, comes back in it. */
export function newTotp(vault: Vault, userId: string, email: string, at: Date): TotpSetup {
  const secret = new Secret({ size: 20 });
  const content = JSON.stringify({ userId, secret: secret.base32, untilMs: at.getTime() + setupLifeMs });
  return {
    secret: secret.base32,
    uri: totpOf(secret, email).toString(),
    setup: vault.sealer('totp-setup').seal('user.totp', content).toString('base64url'),
  };
}

/** The secret and the step of the code. Throws factor.code_invalid. */
export function confirmTotp(
  vault: Vault,
  userId: string,
  given: { readonly setup: string; readonly code: string },
  at: Date,
): { readonly secret: string; readonly step: number } {
  const made = openSetup(vault, given.setup);
  if (made?.userId !== userId || made.untilMs <= at.getTime()) throw new Problem('factor.code_invalid');
  const step = stepOfCode(made.secret, given.code, at);
  if (step === null) throw new Problem('factor.code_invalid');
  return { secret: made.secret, step };
}

function openSetup(vault: Vault, setup: string): { userId: string; secret: string; untilMs: number } | undefined {
  try {
    return JSON.parse(vault.sealer('totp-setup').open('user.totp', Buffer.from(setup, 'base64url')).toString());
  } catch {
    return undefined;
  }
}

/** The time step that a code belongs to, of this one, the one before and the one after; null: of none. */
export function stepOfCode(secretBase32: string, code: string, at: Date): number | null {
  const token = code.replaceAll(/\s/g, '');
  if (!/^\d{6}$/.test(token)) return null;
  const timestamp = at.getTime();
  const delta = totpOf(Secret.fromBase32(secretBase32)).validate({ token, timestamp, window: 1 });
  return delta === null ? null : Math.floor(timestamp / 1000 / periodSeconds) + delta;
}
