/** The public key that a check trusts: the one given, or the installation's own. It makes no key. */
import type { KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { keyProvider, readConfig } from '../config.ts';
import { openMasterKey } from '../platform/master-key.ts';
import { installationSigner, readPublicKey } from '../platform/signing.ts';
import { openVault } from '../platform/vault.ts';
import { CommandFault } from './fault.ts';

export const trustedKey = (given: string | undefined): Promise<KeyObject> | KeyObject =>
  given === undefined ? ownKey() : readKeyOption(given);

/** Never makes a key: an installation that has none has signed nothing. */
export async function ownKey(): Promise<KeyObject> {
  const { config } = readConfig(process.env);
  if (!existsSync(config.keyFile))
    throw new CommandFault(
      `There is no key of this installation (${config.keyFile}). Give the public key to trust: --key PUBLIC. The server’s own prints it: waxwing audit key`,
    );
  return installationSigner(openVault(await openMasterKey(config.keyFile, keyProvider(config)))).publicKey;
}

function readKeyOption(given: string): KeyObject {
  const key = readPublicKey(existsSync(given) ? readFileSync(given, 'utf8') : given);
  if (key === undefined)
    throw new CommandFault('--key takes an Ed25519 public key: a PEM file, or the key itself in PEM, base64 or hex.');
  return key;
}
