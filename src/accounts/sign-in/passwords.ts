/**
 * Hashes passwords with Argon2id and compares them. The salt follows from the address, so that one computation answers
 * for every account that an address is in, and an unknown address takes the same time. It keeps no password.
 */
import { argon2, createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { Problem } from '../../contract/problem.ts';
import { judgePassword, passwordLength } from '../../core/access/password-policy.ts';
import type { Vault } from '../../platform/vault.ts';
import { normalEmail } from '../people/stored-address.ts';

interface Parameters {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** KiB and passes: OWASP Password Storage Cheat Sheet, first of the recommended settings of Argon2id. */
const present: Parameters = { memory: 47_104, passes: 1, parallelism: 1 };
const saltBytes = 16;
const tagLength = 32;

/** `$argon2id$v=19$m=…,t=…,p=…$salt`: all but the hash itself. */
const headOf = ({ memory, passes, parallelism }: Parameters, salt: Buffer): string =>
  `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${salt.toString('base64url')}`;

const headShape = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w-]+)$/;

export const hashPassword = (vault: Vault, email: string, password: string): Promise<string> =>
  hashWith(vault, presentHead(vault, email), password);

/** Those of the stored hashes that the password belongs to. As many computations for none as for any. */
export async function matchingHashes(
  vault: Vault,
  email: string,
  password: string,
  stored: readonly string[],
): Promise<string[]> {
  const heads = new Set(stored.map((hash) => hash.slice(0, hash.lastIndexOf('$'))));
  if (heads.size === 0) heads.add(presentHead(vault, email));
  const computed: string[] = [];
  for (const head of heads) computed.push(await hashWith(vault, head, password));
  return stored.filter((hash) => computed.some((one) => areEqual(one, hash)));
}

const areEqual = (first: string, second: string): boolean =>
  first.length === second.length && timingSafeEqual(Buffer.from(first), Buffer.from(second));

const presentHead = (vault: Vault, email: string): string =>
  headOf(
    present,
    createHmac('sha256', vault.derive('password-salt')).update(normalEmail(email)).digest().subarray(0, saltBytes),
  );

async function hashWith(vault: Vault, head: string, password: string): Promise<string> {
  const [, memory, passes, parallelism, salt = ''] = headShape.exec(head) ?? [];
  const settings = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism), tagLength };
  const nonce = Buffer.from(salt, 'base64url');
  // NIST SP 800-63B-4 §3.1.1.2: the same password from any keyboard.
  const message = Buffer.from(password.normalize('NFKC'));
  const hash = await oneAtATime(() => argon2id({ ...settings, nonce, message, secret: pepper(vault) }));
  return `${head}$${hash.toString('base64url')}`;
}

const argon2id = (settings: Parameters & { nonce: Buffer; message: Buffer; secret: Buffer; tagLength: number }) =>
  new Promise<Buffer>((resolve, reject) => {
    argon2('argon2id', settings, (error, hash) => (error === null ? resolve(hash) : reject(error)));
  });

/** From the master key, which is not in the database: who has only that cannot try passwords. */
const pepper = (vault: Vault): Buffer => (vault.derive('password-pepper') as KeyObject).export();

const maxWaiting = 50;
let waiting = 0;
let last: Promise<unknown> = Promise.resolve();

/** A computation takes tens of megabytes: strangers must not have many at once. */
async function oneAtATime(compute: () => Promise<Buffer>): Promise<Buffer> {
  if (waiting >= maxWaiting) throw new Problem('request.rate_limited', [], 5);
  waiting += 1;
  const mine = last.then(compute);
  last = mine.catch(() => undefined);
  return mine.finally(() => {
    waiting -= 1;
  });
}

let knownPasswords: ReadonlySet<string> | undefined;

/** Loaded when somebody first chooses a password: it takes megabytes. */
async function loadKnownPasswords(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  return new Set(dictionary['passwords-common'].map((one) => String(one).toLowerCase()));
}

const reasons = {
  too_short: `is shorter than ${passwordLength.min} characters`,
  too_long: `is longer than ${passwordLength.max} characters`,
  common: 'is among the first that are guessed',
  about_you: 'is your address, your name or the account’s',
} as const;

/** Throws password.refused. */
export async function assertUsable(password: string, ownWords: readonly string[]): Promise<void> {
  knownPasswords ??= await loadKnownPasswords();
  const judged = judgePassword(password, { knownPasswords, ownWords: [...ownWords, 'waxwing'] });
  if (judged.kind === 'refused')
    throw new Problem('password.refused', [{ field: 'password', message: reasons[judged.why] }]);
}
