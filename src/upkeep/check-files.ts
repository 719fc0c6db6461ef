/** The doctor on files: the key file, the data directory, the disk, backups and the certificate. It changes none. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type Dirent, existsSync, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Vault } from '../platform/vault.ts';
import { isStanding, openChain } from './backup-chain.ts';
import { idsIn, keyCopyMs, keysFolder, lastRestoredAt, madeAtOf } from './backup-folders.ts';
import { type Finding, failure, fine, warning } from './finding.ts';
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

export function checkDisk(dataDir: string, check = 'disk'): Finding {
  const { bavail, bsize, blocks } = statfsSync(existsSync(dataDir) ? dataDir : '/');
  const freeBytes = bavail * bsize;
  const says = `${(freeBytes / gibibyte).toFixed(1)} GiB of ${((blocks * bsize) / gibibyte).toFixed(0)} GiB are free`;
  if (freeBytes < gibibyte)
    return failure(check, says, 'Make room now: when it is full, mail is refused and hits are lost.');
  if (freeBytes < 5 * gibibyte) return warning(check, says, 'Make room soon.');
  return fine(check, says);
}

export function checkBackups(dir: string | undefined, vault: Vault, now: Date): Finding {
  const check = 'backups';
  if (dir === undefined)
    return warning(check, 'WAXWING_BACKUP_DIR is not set', 'Set it and run waxwing backup every day (docs/backup.md).');
  const newest = idsIn(dir).at(-1);
  if (newest === undefined) return failure(check, `there is none in ${dir}`, 'Run: waxwing backup');
  try {
    if (!isStanding(openChain(dir, vault, newest)))
      throw new BackupFault(`Files of ${newest}, or of what it leans on, are missing or cut off.`);
  } catch (error) {
    if (!(error instanceof BackupFault)) throw error;
    return failure(check, error.message.replace(/\.$/, ''), 'Find out who changed it, and run: waxwing backup');
  }
  const days = (now.getTime() - madeAtOf(newest)) / dayMs;
  const says = `the newest is ${days.toFixed(1)} days old, and its signature fits`;
  if (days > 7) return failure(check, says, 'Every copy of keys is over. Run waxwing backup now, and every day.');
  return days > 2 ? warning(check, says, 'Run waxwing backup every day.') : fine(check, says);
}

/** A backup that was never restored is a hope. */
export function checkPractice(dir: string, now: Date): Finding {
  const check = 'practice of restoring';
  const remedy = 'Restore into a throw-away folder, once a quarter (docs/backup.md, “Restoring”).';
  const last = lastRestoredAt(dir);
  if (last === undefined) return warning(check, `nobody has restored from ${dir} yet`, remedy);
  const days = Math.floor((now.getTime() - last.getTime()) / dayMs);
  const says = `the last time was ${days} days ago`;
  return days > 100 ? warning(check, says, remedy) : fine(check, says);
}

/** Copies that outlive their seven days make certificates of erasure untrue. */
export function checkKeyCopies(dir: string, now: Date): Finding {
  const check = 'copies of keys';
  const ids = idsIn(keysFolder(dir));
  const late = ids.filter((id) => madeAtOf(id) + keyCopyMs + dayMs <= now.getTime());
  if (late.length > 0)
    return failure(
      check,
      `${late.length} are older than seven days`,
      'Run waxwing backup --prune, and set WAXWING_BACKUP_DIR for a worker that does so by itself.',
    );
  return fine(check, `${ids.length} that end within seven days`);
}

const lateMs = 10 * 60_000;

/** A segment's name is the time of its making; the newest of a folder is being written to. */
export function checkJournal(dataDir: string, now: Date): readonly Finding[] {
  const folder = join(dataDir, 'journal');
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const sizeOf = ({ parentPath, name }: Dirent): number =>
    statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0;
  const segments = files.filter(({ name }) => /^\d{16}\.wxj$/.test(name)).sort((a, b) => (a.name < b.name ? -1 : 1));
  const waiting = segments.filter((one) =>
    segments.some((later) => later.parentPath === one.parentPath && later.name > one.name),
  );
  const ageMs = waiting[0] === undefined ? 0 : now.getTime() - Number(waiting[0].name.slice(0, 16));
  const mebibytes = (segments.reduce((sum, one) => sum + sizeOf(one), 0) / 1024 ** 2).toFixed(0);
  const says = `${mebibytes} MiB lie in it, ${waiting.length} whole segments wait`;
  const backlog =
    ageMs > lateMs
      ? failure(
          'journal',
          `${says}, the oldest for ${Math.round(ageMs / 60_000)} minutes`,
          'Hits do not reach the database. Does it answer, and does a process with the role edge or worker run?',
        )
      : fine('journal', says);
  const aside = files.filter(({ name }) => name === 'quarantine.wxj').reduce((sum, one) => sum + sizeOf(one), 0);
  if (aside === 0) return [backlog];
  const words = `${aside} bytes of hits could not be stored and were set aside`;
  return [
    backlog,
    warning(
      'journal quarantine',
      words,
      'Keep the file quarantine.wxj in the journal’s folder and report it; what is in it counts in no report.',
    ),
  ];
}

export interface CertificateToCheck {
  readonly file: string;
  /** Its private key; undefined: it is none of the operator's. */
  readonly keyFile?: string | undefined;
  readonly hostname: string;
  readonly isConfigured: boolean;
}

/** What says it and what to do, where the server would not start with these files, or others could use the key. */
function unusablePair(file: string, keyFile: string | undefined): readonly [string, string] | undefined {
  for (const one of [file, ...(keyFile === undefined ? [] : [keyFile])])
    if (!existsSync(one)) return [`${one} is not there`, 'Correct WAXWING_TLS_CERT_FILE and WAXWING_TLS_KEY_FILE.'];
  const certificate = certificateIn(file);
  if (certificate === undefined)
    return [`${file} holds no certificate in PEM`, 'Set WAXWING_TLS_CERT_FILE to the chain of certificates, PEM.'];
  if (keyFile === undefined) return undefined;
  if (!isKeyOf(certificate, keyFile))
    return [
      `${keyFile} is not the private key of ${file}`,
      'Set WAXWING_TLS_KEY_FILE to the key that this certificate was issued for: the server does not start with another.',
    ];
  const mode = modeOf(keyFile);
  return (mode & 0o007) === 0
    ? undefined
    : [`anybody on this machine may read ${keyFile} (${octal(mode)})`, `Run: chmod 600 ${keyFile}`];
}

function certificateIn(file: string): X509Certificate | undefined {
  try {
    return new X509Certificate(readFileSync(file));
  } catch {
    return undefined;
  }
}

function isKeyOf(certificate: X509Certificate, keyFile: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(readFileSync(keyFile)));
  } catch {
    return false;
  }
}

export function checkCertificate({ file, keyFile, hostname, isConfigured }: CertificateToCheck, now: Date): Finding {
  const check = 'submission certificate';
  if (!existsSync(file) && !isConfigured)
    return warning(check, 'none is set, and none was made yet', 'Set WAXWING_TLS_CERT_FILE and WAXWING_TLS_KEY_FILE.');
  const unusable = unusablePair(file, keyFile);
  if (unusable !== undefined) return failure(check, ...unusable);
  const certificate = new X509Certificate(readFileSync(file));
  if (certificate.validFromDate.getTime() > now.getTime())
    return failure(
      check,
      `${file} is not valid before ${certificate.validFromDate.toISOString()}`,
      'Look at the clock of this machine, and at who issued it.',
    );
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
