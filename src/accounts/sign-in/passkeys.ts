/**
 * Passkeys (WebAuthn Level 3): challenges that need no storage before they are answered, and what the browser answers,
 * checked by SimpleWebAuthn. Keys live in the authenticator and ask for its PIN or a finger; nothing else is taken.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type {
  AuthenticationResponseJSON,
  AuthenticatorTransport,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';
import type { z } from 'zod';
import { Problem } from '../../contract/problem.ts';
import type { addPasskey, signInByPasskey } from '../../contract/sign-in.ts';
import type { Tx } from '../../platform/database.ts';
import { newId } from '../../platform/ids.ts';
import type { Vault } from '../../platform/vault.ts';
import { claimChallenge, insertPasskey, markPasskeyUsed, type StoredPasskey } from '../keys/credential-store.ts';

/** When somebody first signs in: no process and no thread that only judges or delivers needs its megabytes. */
const webAuthn = () => import('@simplewebauthn/server');

/** For whom passkeys are made, and from which pages they are taken. */
export interface RelyingParty {
  readonly id: string;
  readonly origin: string;
}

/** A browser knows no passkeys for bare addresses; on this machine itself they are made for `localhost`. */
export function relyingParty(publicUrl: string): RelyingParty {
  const { hostname, origin } = new URL(publicUrl);
  return { id: isIP(hostname.replace(/^\[|\]$/g, '')) > 0 ? 'localhost' : hostname, origin };
}

/** At `localhost` any port is ours: the browser names it in Origin, and no other machine can be called so. */
function originsOf(party: RelyingParty, origin: string | undefined): string[] {
  const isLocal = party.id === 'localhost' && URL.parse(origin ?? '')?.hostname === 'localhost';
  return isLocal && origin !== undefined ? [party.origin, origin] : [party.origin];
}

export type PasskeyAnswer = z.output<typeof signInByPasskey.body>['answer'];
export type NewPasskeyAnswer = z.output<typeof addPasskey.body>['answer'];

/** What a challenge is good for, and for whom. */
export interface Purpose {
  readonly use: 'sign-in' | 'step-up' | 'register';
  readonly userId: string;
}

const challengeLifeMs = 5 * 60_000;
const nonceBytes = 16;
const timeBytes = 6;

function macOf(vault: Vault, { use, userId }: Purpose, body: Buffer): Buffer {
  const mac = createHmac('sha256', vault.derive('sign-in-challenge')).update(`${use} ${userId} `).update(body);
  return mac.digest().subarray(0, 16);
}

function newChallenge(vault: Vault, purpose: Purpose, at: Date): Uint8Array<ArrayBuffer> {
  const body = Buffer.alloc(nonceBytes + timeBytes);
  randomBytes(nonceBytes).copy(body);
  body.writeUIntBE(at.getTime() + challengeLifeMs, nonceBytes, timeBytes);
  return new Uint8Array(Buffer.concat([body, macOf(vault, purpose, body)]));
}

interface Challenge {
  readonly bytes: Buffer;
  readonly expiresAt: Date;
}

/** Undefined: not one of ours, not for this, or too old. */
function readChallenge(vault: Vault, purpose: Purpose, text: string, at: Date): Challenge | undefined {
  const bytes = Buffer.from(text, 'base64url');
  const body = bytes.subarray(0, nonceBytes + timeBytes);
  const mac = bytes.subarray(nonceBytes + timeBytes);
  if (mac.length !== 16 || !timingSafeEqual(mac, macOf(vault, purpose, body))) return undefined;
  const expiresAt = new Date(body.readUIntBE(nonceBytes, timeBytes));
  return expiresAt > at ? { bytes, expiresAt } : undefined;
}

/** Without passkeys named, the browser offers all that it has for us. */
export const signInOptions = async (
  vault: Vault,
  party: RelyingParty,
  purpose: Purpose,
  at: Date,
  passkeys: readonly StoredPasskey[] = [],
) =>
  (await webAuthn()).generateAuthenticationOptions({
    rpID: party.id,
    challenge: newChallenge(vault, purpose, at),
    timeout: challengeLifeMs,
    userVerification: 'required',
    allowCredentials: passkeys.map(describePasskey),
  });

export const registrationOptions = async (
  vault: Vault,
  party: RelyingParty,
  user: { readonly id: string; readonly email: string; readonly name: string },
  at: Date,
  passkeys: readonly StoredPasskey[] = [],
) =>
  (await webAuthn()).generateRegistrationOptions({
    rpName: 'Waxwing',
    rpID: party.id,
    userName: user.email,
    userDisplayName: user.name,
    userID: new Uint8Array(Buffer.from(user.id.replaceAll('-', ''), 'hex')),
    challenge: newChallenge(vault, { use: 'register', userId: user.id }, at),
    timeout: challengeLifeMs,
    attestationType: 'none',
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    excludeCredentials: passkeys.map(describePasskey),
  });

const describePasskey = ({ credentialId, transports }: StoredPasskey) => ({
  id: credentialId.toString('base64url'),
  transports: [...transports],
});

export interface AnswerNeeds {
  readonly vault: Vault;
  readonly party: RelyingParty;
  readonly purpose: Purpose;
  /** The page that asks, as its browser names it. */
  readonly origin: string | undefined;
  readonly at: Date;
}

/** The passkey that answered, marked as used. Throws auth.passkey_invalid. */
export async function takeAnswer(
  tx: Tx,
  needs: AnswerNeeds,
  answer: PasskeyAnswer,
  passkeys: readonly StoredPasskey[],
): Promise<StoredPasskey> {
  const passkey = passkeys.find((one) => one.credentialId.equals(Buffer.from(answer.id, 'base64url')));
  if (passkey === undefined) throw new Problem('auth.passkey_invalid');
  const seen = watchChallenge(needs);
  const { verifyAuthenticationResponse } = await webAuthn();
  const checked = await refused(
    verifyAuthenticationResponse({
      response: answer as AuthenticationResponseJSON,
      expectedChallenge: seen.isOurs,
      expectedOrigin: originsOf(needs.party, needs.origin),
      expectedRPID: needs.party.id,
      requireUserVerification: true,
      credential: {
        id: answer.id,
        publicKey: new Uint8Array(passkey.publicKey),
        counter: passkey.signCount,
        transports: [...passkey.transports] as AuthenticatorTransport[],
      },
    }),
  );
  if (!checked.verified) throw new Problem('auth.passkey_invalid');
  await claimOnce(tx, seen.challenge(), needs.at);
  await markPasskeyUsed(tx, passkey.id, checked.authenticationInfo.newCounter, needs.at);
  return passkey;
}

/** A new passkey of the purpose's user, stored. Throws auth.passkey_invalid. */
export async function takeNewPasskey(
  tx: Tx,
  needs: AnswerNeeds,
  answer: NewPasskeyAnswer,
  name: string,
): Promise<StoredPasskey> {
  const seen = watchChallenge(needs);
  const { verifyRegistrationResponse } = await webAuthn();
  const checked = await refused(
    verifyRegistrationResponse({
      response: answer as RegistrationResponseJSON,
      expectedChallenge: seen.isOurs,
      expectedOrigin: originsOf(needs.party, needs.origin),
      expectedRPID: needs.party.id,
      requireUserVerification: true,
    }),
  );
  if (!checked.verified) throw new Problem('auth.passkey_invalid');
  await claimOnce(tx, seen.challenge(), needs.at);
  const { id, publicKey, counter } = checked.registrationInfo.credential;
  const passkey: StoredPasskey = {
    id: newId(needs.at),
    credentialId: Buffer.from(id, 'base64url'),
    publicKey: Buffer.from(publicKey),
    signCount: counter,
    transports: answer.response.transports ?? [],
    name,
    createdAt: needs.at,
    lastUsedAt: null,
  };
  if (!(await insertPasskey(tx, needs.purpose.userId, passkey))) throw new Problem('auth.passkey_invalid');
  return passkey;
}

function watchChallenge({ vault, purpose, at }: AnswerNeeds) {
  let found: Challenge | undefined;
  return {
    isOurs(text: string): boolean {
      found = readChallenge(vault, purpose, text, at);
      return found !== undefined;
    },
    challenge(): Challenge {
      if (found === undefined) throw new Problem('auth.passkey_invalid');
      return found;
    },
  };
}

async function claimOnce(tx: Tx, { bytes, expiresAt }: Challenge, at: Date): Promise<void> {
  if (!(await claimChallenge(tx, bytes, expiresAt, at))) throw new Problem('auth.passkey_invalid');
}

/** The library says by an error what was wrong with an answer; its text may repeat what was sent. */
const refused = <T>(checking: Promise<T>): Promise<T> =>
  checking.catch(() => Promise.reject(new Problem('auth.passkey_invalid')));
