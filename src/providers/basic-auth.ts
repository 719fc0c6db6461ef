/** HTTP basic authentication (RFC 7617) of webhooks whose provider does not sign. Of the password only its hash is kept. */
import { randomBytes } from 'node:crypto';
import { areEqual, hashOf } from './equal-secrets.ts';
import { invalid, missing, type Proof, type ProviderCall, proven } from './proof.ts';

export const basicUser = 'waxwing';

/** Letters and digits only: it goes into an address. */
export const newPassword = (): string => randomBytes(24).toString('hex');

export function checkPassword({ headers }: Pick<ProviderCall, 'headers'>, passwordHash: string | null): Proof {
  const [scheme = '', given = ''] = (headers.authorization ?? '').trim().split(/ +/, 2);
  if (scheme.toLowerCase() !== 'basic' || passwordHash === null)
    return missing('The call has no password: put the connection’s user and password into the webhook’s address.');
  const text = Buffer.from(given, 'base64').toString();
  const colon = text.indexOf(':');
  const isUser = areEqual(text.slice(0, Math.max(colon, 0)), basicUser);
  const isPassword = areEqual(hashOf(text.slice(colon + 1)), passwordHash);
  return isUser && isPassword ? proven : invalid('The user or password is not the connection’s.');
}
