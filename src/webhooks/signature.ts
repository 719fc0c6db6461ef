/** Signs what is told to an endpoint as Standard Webhooks 1.0 says: symmetric signatures, one for each secret in force. */
import { createHmac } from 'node:crypto';

export const secretPrefix = 'whsec_';
/** Standard Webhooks, "Signature scheme": between 24 and 64 bytes. */
export const secretBytes = 32;

export const secretOf = (bytes: Uint8Array): string => secretPrefix + Buffer.from(bytes).toString('base64');

interface Signed {
  readonly id: string;
  readonly timestampSeconds: number;
  readonly body: string;
}

export const signaturesOf = ({ id, timestampSeconds, body }: Signed, secrets: readonly string[]): string =>
  secrets
    .map((secret) => {
      const key = Buffer.from(secret.slice(secretPrefix.length), 'base64');
      return `v1,${createHmac('sha256', key).update(`${id}.${timestampSeconds}.${body}`).digest('base64')}`;
    })
    .join(' ');
