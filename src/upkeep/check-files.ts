/** The doctor on files: the key file, the data directory, the disk, backups and the certificate. It changes none. */
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { relative } from 'node:path';
import type { Vault } from '../platform/vault.ts';
import { idsIn, madeAtOf } from './backup-folders.ts';
import { type Finding, failure, fine, warning } from './finding.ts';
import { readManifest } from './manifest.ts';
import { BackupFault } from './sealed-file.ts';

const modeOf = (path: string): number => statSync(path).mode & 0o777;
const octal = (mode: number): string => mode.toString(8).padStart(3, '0');
const dayMs = 86_400_000;
const gibibyte = 1024 ** 3;

export function checkKeyFile(keyFile: string, dataDir: string): Finding {
  const check = 'key file';
  if (!existsSync(keyFile))
    return existsSync(dataDir)
      ? failure(
          check,
          `${keyFile} is not there`,
          'Put a copy of the key file there: without it nothing stored can be read.',
        )
      : warning(
          check,
          `${keyFile} is not there yet`,
          'It is made at the first start. Then keep a copy of it elsewhere.',
        );
  const mode = modeOf(keyFile);
  if ((mode & 0o077) !== 0)
    return failure(check, `others may read ${keyFile} (${octal(mode)})`, `Run: chmod 600 ${keyFile}`);
  if (!relative(dataDir, keyFile).startsWith('..'))
    return warning(
      check,
      `${keyFile} lies in the data directory`,
      'Whoever copies that has both. Move it and set WAXWING_KEY_FILE.',
    );
  return fine(check, `${keyFile} may be read by its owner alone. Is there a copy of it elsewhere?`);
}

export function checkDataDir(dataDir: string): Finding {
  const check = 'data directory';
  if (!existsSync(dataDir)) return warning(check, `${dataDir} is not there yet`, 'It is made at the first start.');
  const mode = modeOf(dataDir);
  return (mode & 0o077) === 0
    ? fine(check, `${dataDir} may be entered by its owner alone`)
    : warning(check, `others may enter ${dataDir} (${octal(mode)})`, `Run: chmod 700 ${dataDir}`);
}

export function checkDisk(dataDir: string): Finding {
  const { bavail, bsize, blocks } = statfsSync(existsSync(dataDir) ? dataDir : '/');
  const freeBytes = bavail * bsize;
  const says = `${(freeBytes / gibibyte).toFixed(1)} GiB of ${((blocks * bsize) / gibibyte).toFixed(0)} GiB are free`;
  if (freeBytes < gibibyte)
    return failure('disk', says, 'Make room now: when it is full, mail is refused and hits are lost.');
  if (freeBytes < 5 * gibibyte) return warning('disk', says, 'Make room soon.');
  return fine('disk', says);
}

export function checkBackups(dir: string | undefined, vault: Vault, now: Date): Finding {
  const check = 'backups';
  if (dir === undefined)
    return warning(check, 'WAXWING_BACKUP_DIR is not set', 'Set it and run waxwing backup every day (docs/backup.md).');
  const newest = idsIn(dir).at(-1);
  if (newest === undefined) return failure(check, `there is none in ${dir}`, 'Run: waxwing backup');
  try {
    readManifest(`${dir}/${newest}`, vault);
  } catch (error) {
    if (!(error instanceof BackupFault)) throw error;
    return failure(check, error.message.replace(/\.$/, ''), 'Find out who changed it, and run: waxwing backup');
  }
  const days = (now.getTime() - madeAtOf(newest)) / dayMs;
  const says = `the newest is ${days.toFixed(1)} days old, and its signature fits`;
  if (days > 7) return failure(check, says, 'Every copy of keys is over. Run waxwing backup now, and every day.');
  return days > 2 ? warning(check, says, 'Run waxwing backup every day.') : fine(check, says);
}

export interface CertificateToCheck {
  readonly file: string;
  readonly hostname: string;
  readonly isConfigured: boolean;
}

export function checkCertificate({ file, hostname, isConfigured }: CertificateToCheck, now: Date): Finding {
  const check = 'submission certificate';
  if (!existsSync(file) && !isConfigured)
    return warning(check, 'none is set, and none was made yet', 'Set WAXWING_TLS_CERT_FILE and WAXWING_TLS_KEY_FILE.');
  const certificate = new X509Certificate(readFileSync(file));
  const days = Math.floor((certificate.validToDate.getTime() - now.getTime()) / dayMs);
  if (days < 0) return failure(check, `${file} ran out ${-days} days ago`, 'Renew it and restart the server.');
  if (certificate.checkHost(hostname) === undefined)
    return failure(check, `${file} is not for ${hostname}`, 'Get one for that name, or set WAXWING_HOSTNAME.');
  const says = `${file} is for ${hostname} and valid for ${days} days`;
  if (days < 14) return warning(check, says, 'Renew it and restart the server.');
  return isConfigured
    ? fine(check, says)
    : warning(
        check,
        `${says}, but we signed it ourselves`,
        'Set WAXWING_TLS_CERT_FILE and WAXWING_TLS_KEY_FILE to one that clients trust.',
      );
}
