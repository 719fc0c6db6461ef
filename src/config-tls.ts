/** The certificate of mail servers, from the files that the settings name. What is wrong with them is said at the start. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { type Config, ConfigFaults } from './config.ts';

/** PEM. Undefined: none is named. */
export function readTls({ tlsCertFile, tlsKeyFile }: Config): { cert: string; key: string } | undefined {
  if (tlsCertFile === undefined || tlsKeyFile === undefined) return undefined;
  const tls = { cert: read('WAXWING_TLS_CERT_FILE', tlsCertFile), key: read('WAXWING_TLS_KEY_FILE', tlsKeyFile) };
  try {
    createSecureContext(tls);
  } catch {
    throw new ConfigFaults(['WAXWING_TLS_CERT_FILE and WAXWING_TLS_KEY_FILE are not a PEM certificate and its key.']);
  }
  return tls;
}

function read(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new ConfigFaults([`${name}: ${file} cannot be read (${why}). Correct the path or the file's permissions.`]);
  }
}
