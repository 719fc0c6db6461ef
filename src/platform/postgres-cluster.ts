/**
 * Where the embedded PostgreSQL's files and socket are, who owns them, and how they come to be. It starts no server.
 */
import { spawn } from 'node:child_process';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { canReach, type PostgresBinaries, type RunAs } from './postgres-binaries.ts';

export interface ClusterPlace {
  /** PostgreSQL's data folder. */
  readonly folder: string;
  /**
   * The same, as the server is told. Where the user that runs it may not enter our data directory (a home folder, a
   * private temporary one), it is handed an open descriptor instead of a path.
   */
  readonly folderForServer: string;
  readonly socketFolder: string;
  readonly isSocketFolderTemporary: boolean;
  readonly serverLog: string;
  readonly runAs: RunAs | undefined;
  /** Where the socket folder is written down for programs beside the server. */
  readonly serverFile: string;
}

const nobody: RunAs = { uid: 65534, gid: 65534 };
const majorVersion = '18';
const temporaryPrefix = 'waxwing-socket-';
/** sockaddr_un.sun_path is 108 bytes on Linux and 104 on macOS, with a zero at the end. */
const maxSocketPathBytes = 103;

export function clusterPlace(givenDataDir: string): ClusterPlace {
  const dataDir = realpathSync(givenDataDir);
  const folder = join(dataDir, 'postgres');
  const runAs = process.getuid?.() === 0 ? ownerOf(folder) : undefined;
  const isReachable = runAs === undefined || canReach(dataDir, runAs);
  if (!isReachable && process.platform !== 'linux')
    throw new Error(
      `PostgreSQL does not run as root, and user ${runAs.uid} may not enter ${dataDir}. ` +
        'Start Waxwing as an ordinary user, or give it a WAXWING_DATA_DIR that everybody may enter.',
    );
  const home = join(dataDir, 'run');
  const isShort = Buffer.byteLength(join(home, '.s.PGSQL.5432')) <= maxSocketPathBytes;
  const socketFolder = isReachable && isShort ? privateFolder(home, runAs) : temporarySocketFolder(runAs);
  return {
    folder,
    folderForServer: isReachable ? folder : '/proc/self/fd/3',
    socketFolder,
    isSocketFolderTemporary: socketFolder !== home,
    serverLog: join(dataDir, 'postgres.log'),
    runAs,
    serverFile: join(dataDir, 'server.json'),
  };
}

/** Makes the data folder if there is none. A half-made one never gets the name. */
export async function createCluster(
  place: ClusterPlace,
  binaries: PostgresBinaries,
  isDurable: boolean,
): Promise<void> {
  const versionFile = join(place.folder, 'PG_VERSION');
  if (existsSync(versionFile)) {
    const found = readFileSync(versionFile, 'utf8').trim();
    if (found === majorVersion) return;
    throw new Error(
      `The data directory was made by PostgreSQL ${found}; this Waxwing brings ${majorVersion}. ` +
        'Start it with the Waxwing that made it and move the data over, or use another WAXWING_DATA_DIR.',
    );
  }
  const fresh = `${place.folder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  privateFolder(fresh, place.runAs);
  await initialise(place, binaries, fresh, isDurable);
  renameSync(fresh, place.folder);
}

export const recordServer = (place: ClusterPlace): void =>
  writeFileSync(place.serverFile, JSON.stringify({ socketFolder: place.socketFolder }), { mode: 0o600 });

export const forgetServer = (place: ClusterPlace): void => rmSync(place.serverFile, { force: true });

/** The socket folder of the server that runs on a data directory; undefined when none has said so. */
export function recordedSocketFolder(dataDir: string): string | undefined {
  try {
    const recorded = JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8')) as { socketFolder: string };
    return recorded.socketFolder;
  } catch {
    return undefined;
  }
}

/** A server that was killed could not take its temporary socket folder along. Only for the holder of the data directory. */
export function forgetKilledServer(place: ClusterPlace): void {
  const left = recordedSocketFolder(dirname(place.serverFile));
  if (left?.startsWith(join(tmpdir(), temporaryPrefix))) rmSync(left, { recursive: true, force: true });
  forgetServer(place);
}

/** Who owns the cluster that exists may go on running it. */
function ownerOf(folder: string): RunAs {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat === undefined) return nobody;
  if (stat.uid !== 0) return { uid: stat.uid, gid: stat.gid };
  chownSync(folder, nobody.uid, nobody.gid);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    chownSync(join(entry.parentPath, entry.name), nobody.uid, nobody.gid);
  return nobody;
}

function privateFolder(path: string, owner: RunAs | undefined): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
  return path;
}

const temporarySocketFolder = (owner: RunAs | undefined): string =>
  privateFolder(mkdtempSync(join(tmpdir(), temporaryPrefix)), owner);

function initialise(place: ClusterPlace, binaries: PostgresBinaries, fresh: string, isDurable: boolean): Promise<void> {
  const folder = openSync(fresh, 'r');
  const target = place.folderForServer === place.folder ? fresh : place.folderForServer;
  const child = spawn(
    binaries.initdb,
    [
      ...['-D', target, '--username=waxwing', '--auth=trust', '--encoding=UTF8', '--data-checksums'],
      // Sorting that is the same on every machine: PostgreSQL's own, not the C library's.
      ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ...(isDurable ? [] : ['--no-sync']),
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe', folder],
      cwd: '/',
      env: { LC_ALL: 'C', PATH: process.env.PATH ?? '' },
      ...place.runAs,
    },
  );
  closeSync(folder);
  const said: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => said.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      if (status === 0) resolve();
      else reject(new Error(`initdb could not make a database (status ${status}):\n${Buffer.concat(said)}`));
    });
  });
}
