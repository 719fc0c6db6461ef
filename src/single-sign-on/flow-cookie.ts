/**
 * What a browser carries from the beginning of a sign-in to its end, sealed: only the browser that began can finish, and
 * nothing is stored for whoever never comes back. RFC 6749 §10.12, RFC 9700 §4.7
 */
import { nullWhenBroken, type Vault } from '../platform/vault.ts';

export interface Flow {
  readonly accountId: string;
  readonly connectionId: string;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** Of a proof within a session: whose. Null: a sign-in. */
  readonly sessionId: string | null;
  readonly startedAtMs: number;
}

export const flowLifeMs = 10 * 60_000;

/** As the session's: sent by our own page only, which is what takes the provider's answer. */
const nameOf = (isSecure: boolean): string => (isSecure ? '__Host-waxwing-sso' : 'waxwing-sso');

export const writeFlowCookie = (isSecure: boolean, vault: Vault, flow: Flow): string => {
  const sealed = vault.sealer('sso-flow').seal('sign-on.flow', JSON.stringify(flow)).toString('base64url');
  const parts = [
    `${nameOf(isSecure)}=${sealed}`,
    'Path=/',
    `Max-Age=${flowLifeMs / 1000}`,
    'HttpOnly',
    'SameSite=Strict',
  ];
  return [...parts, ...(isSecure ? ['Secure'] : [])].join('; ');
};

export const clearFlowCookie = (isSecure: boolean): string =>
  `${nameOf(isSecure)}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;

/** Undefined: none, a foreign one, or one that is too old. */
export function readFlowCookie(
  isSecure: boolean,
  vault: Vault,
  header: string | undefined,
  now: Date,
): Flow | undefined {
  const prefix = `${nameOf(isSecure)}=`;
  const pair = header?.split(/; */).find((part) => part.startsWith(prefix));
  if (pair === undefined) return undefined;
  const flow = openFlow(vault, pair.slice(prefix.length));
  return flow === null || now.getTime() - flow.startedAtMs > flowLifeMs ? undefined : flow;
}

function openFlow(vault: Vault, sealed: string): Flow | null {
  try {
    const text = vault.sealer('sso-flow').open('sign-on.flow', Buffer.from(sealed, 'base64url'));
    return JSON.parse(text.toString()) as Flow;
  } catch (error) {
    return nullWhenBroken(error);
  }
}
