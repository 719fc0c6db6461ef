/**
 * The log of erasures beside the backups: each certificate as it was signed, one a line. A restore reads it, so that what
 * was erased after a backup does not come back with it.
 */
import type { KeyObject } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { type ErasureCertificate, erasureText } from '../core/sending/erasure.ts';
import { type Database, sql } from '../platform/database.ts';
import { isSignedWith } from '../platform/signing.ts';
import { erasureLogFile } from './backup-folders.ts';
import type { Manifest } from './manifest.ts';
import { BackupFault } from './sealed-file.ts';

export async function countErasures(db: Database): Promise<number> {
  const [row] = await db.asWorker((tx) => tx.query<{ n: number }>(sql`SELECT count(*)::int AS n FROM erasures`));
  return row?.n ?? 0;
}

/** Adds what is not in it yet; makes it where there is none. Gives how many lines came. */
export async function writeErasureLog(db: Database, dir: string): Promise<number> {
  const path = erasureLogFile(dir);
  const known = new Set(existsSync(path) ? messagesIn(readFileSync(path, 'utf8')) : []);
  const rows = await db.asWorker((tx) =>
    tx.query<{ messageId: string; certificate: ErasureCertificate }>(
      sql`SELECT message_id AS "messageId", certificate FROM erasures ORDER BY at, message_id`,
    ),
  );
  const fresh = rows.filter(({ messageId }) => !known.has(messageId));
  const file = openSync(path, 'a', 0o600);
  try {
    const text = fresh.map(({ certificate }) => `${JSON.stringify(certificate)}\n`).join('');
    if (text !== '') writeSync(file, `${endsWithin(path) ? '\n' : ''}${text}`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return fresh.length;
}

/** A line that a crash has cut off is ended, and what it was to tell is told again. */
const endsWithin = (path: string): boolean => /[^\n]$/.test(readFileSync(path, 'utf8').slice(-1));

const messagesIn = (text: string): string[] => text.split('\n').flatMap((line) => parsed(line)?.message ?? []);

/** Throws BackupFault at the first line whose signature does not fit; a last line that was cut off counts as none. */
export function readErasureLog(dir: string, publicKey: KeyObject): ErasureCertificate[] {
  const path = erasureLogFile(dir);
  if (!existsSync(path))
    throw new BackupFault(`${path} is missing: without the log of erasures, what was erased would come back.`);
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.flatMap((line, index) => {
    const certificate = parsed(line);
    if (line === '' || (certificate === undefined && index === lines.length - 1)) return [];
    if (certificate === undefined || !isSignedWith(publicKey, erasureText(certificate), certificate.signature))
      throw new BackupFault(`${path}, line ${index + 1}, was altered: its signature does not fit.`);
    return [certificate];
  });
}

/**
 * Erasures are never forgotten, so each signed backup beside the log says how many lines it had at least. Throws
 * BackupFault where fewer are left and the backup to restore does not hold them all itself.
 */
export function assertNoneMissing(
  log: readonly ErasureCertificate[],
  restored: Manifest,
  others: readonly Manifest[],
): void {
  const most = Math.max(...[restored, ...others].map(erasuresIn));
  const known = new Set(log.map(({ message }) => message)).size;
  if (known < most && erasuresIn(restored) < most)
    throw new BackupFault(
      `The log of erasures tells of ${known}, and a backup beside it of ${most}: lines are missing, and what was erased ` +
        'would come back. Put the whole log in its place, or restore the newest backup, which knows of them itself.',
    );
}

const erasuresIn = ({ tables }: Manifest): number => tables.find(({ name }) => name === 'erasures')?.rows ?? 0;

function parsed(line: string): ErasureCertificate | undefined {
  try {
    const value = JSON.parse(line) as Partial<ErasureCertificate>;
    return typeof value.signature === 'string' && typeof value.message === 'string'
      ? (value as ErasureCertificate)
      : undefined;
  } catch {
    return undefined;
  }
}
