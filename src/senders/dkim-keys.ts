/** Makes DKIM keys. A private key leaves here sealed under the account's key only. */
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { newId } from '../platform/ids.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { KeyRow } from './store.ts';

const generate = promisify(generateKeyPair);
/** RFC 8301 §3.2: at least 1024; 4096 does not fit the DNS of many. */
const modulusBits = 2048;

export interface NewKey {
  readonly row: KeyRow;
  readonly privateKeySealed: Buffer;
}

/** One of each kind. Selectors name the kind and the day, and differ from all before. */
export async function makeDkimKeys(
  vault: Pick<AccountVault, 'seal'>,
  domainId: string,
  now: Date,
  taken: ReadonlySet<string>,
): Promise<NewKey[]> {
  const rsa = await generate('rsa', { modulusLength: modulusBits });
  const ed25519 = await generate('ed25519');
  const day = now.toISOString().slice(0, 10).replaceAll('-', '');
  const made = [
    {
      algorithm: 'rsa-sha256' as const,
      letter: 'r',
      publicKey: rsa.publicKey.export({ format: 'der', type: 'spki' }),
      privateKey: rsa.privateKey,
    },
    {
      algorithm: 'ed25519-sha256' as const,
      letter: 'e',
      // RFC 8463 §4: the 32 octets alone.
      publicKey: ed25519.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32),
      privateKey: ed25519.privateKey,
    },
  ];
  return made.map(({ algorithm, letter, publicKey, privateKey }) => ({
    row: {
      ...{ id: newId(now), domainId, algorithm, publicKey: publicKey.toString('base64') },
      selector: untaken(`wx${letter}${day}`, taken),
      ...{ createdAt: now, seenAt: null, retiredAt: null },
    },
    privateKeySealed: vault.seal('dkim.key', privateKey.export({ format: 'der', type: 'pkcs8' })),
  }));
}

function untaken(selector: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const tried = number === 1 ? selector : `${selector}-${number}`;
    if (!taken.has(tried)) return tried;
  }
}
