/** What the browser can do with passkeys here, and what it says when it does not. */
import type { startAuthentication, startRegistration } from '@simplewebauthn/browser';
import { Refusal } from '../../shared/client.ts';

export type AuthenticationOptions = Parameters<typeof startAuthentication>[0]['optionsJSON'];
export type RegistrationOptions = Parameters<typeof startRegistration>[0]['optionsJSON'];

/** Browsers know no passkeys for bare addresses. https://www.w3.org/TR/webauthn-3/#relying-party-identifier */
export const canUsePasskeys = (): boolean =>
  window.PublicKeyCredential !== undefined && !/^[\d.]+$|:/.test(window.location.hostname);

/** A refusal of the server stays one; the browser's own errors tell little, and nothing worth repeating. */
export function faultOf(error: unknown): Error {
  if (error instanceof Refusal) return error;
  const isKnown = error instanceof Error && error.name === 'InvalidStateError';
  return new Refusal({
    status: 0,
    code: 'passkey.not_used',
    title: isKnown ? 'This device has a passkey for you already.' : 'No passkey was used.',
    remedy: isKnown ? 'Use another device for another passkey.' : 'Try again, or sign in another way.',
    fields: [],
    requestId: null,
  });
}
