/**
 * Settles who is calling, from an API key or a console session, before anything else happens. It remembers an answer
 * for a few seconds only, so that a revoked key or ended session is refused everywhere within that time.
 */
import { BlockList, isIP } from 'node:net';
import QuickLRU from 'quick-lru';
import { narrowable, type Permission } from '../contract/permissions.ts';
import { Problem } from '../contract/problem.ts';
import { limitsOf } from '../core/access/session-life.ts';
import type { Caller, RoutePermission } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { actingFrom, type Refusal, refusalNotes } from './acting-from.ts';
import { withinDepartments } from './narrowing.ts';
import { sourceBlock } from './place.ts';
import { narrowest, permissionsOf } from './reach.ts';
import { hashSecret } from './secrets.ts';
import { readSessionCookie } from './sessions/session-cookie.ts';
import { emergencyOf, type OpenEmergency, underEmergency } from './sessions/under-emergency.ts';
import { type FoundReach, findApiKey, findSession, markApiKeyUsed, markSessionSeen } from './store.ts';
import { countKeyTries } from './tries.ts';

export interface GateRequest {
  readonly method: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Where the request came from. */
  readonly address: string;
  /** Of a session: its holder must have proved within five minutes who they are. */
  readonly needsFreshProof?: boolean;
}

export interface Gate {
  /**
   * Throws auth.missing, auth.invalid, auth.forbidden, auth.account_wide, auth.network_refused, auth.step_up_needed or
   * request.cross_site.
   */
  identify(request: GateRequest, permission: RoutePermission): Promise<Caller>;
  /** For protocols that have no HTTP header. Undefined: no valid key, or not one for this. */
  identifyByApiKey(secret: string, address: string, permission: Permission): Promise<Caller | undefined>;
  /** Takes back what it remembers of a revoked key, an ended session, or all sessions of a user or account. */
  forget(id: string): void;
}

export interface GateOptions {
  /** Where the console is served: decides the cookie's form and which pages may act. */
  readonly publicUrl: string;
}

interface Known {
  readonly caller: Caller;
  /** Of a session; its time is looked at with each request. */
  readonly emergency?: OpenEmergency | undefined;
  /** Undefined: never by itself. */
  readonly expiresAt: Date | undefined;
  lastSeenAt: Date;
  readonly rememberedAtMs: number;
  /** Whether an address lies in the networks that a key is taken from. */
  readonly isTakenFrom: (address: string) => boolean;
  /** Of a session: how long it may rest. */
  readonly idleMs: number;
  /** Of a session: the moment until which it counts as freshly proved. Undefined: nobody asks. */
  readonly freshUntil: Date | undefined;
}

const freshProofMs = 5 * 60_000;
const minuteMs = 60_000;
const rememberMs = 3_000;
const noteUseEveryMs = 60_000;
const maxRemembered = 10_000;
const maxSecretLength = 400;

export function openGate(world: World, options: GateOptions): Gate {
  const remembered = new QuickLRU<string, Known>({ maxSize: maxRemembered });
  const keyTries = countKeyTries(world);
  const noteRefusal = refusalNotes(world);
  const publicOrigin = new URL(options.publicUrl).origin;
  const isSecure = options.publicUrl.startsWith('https:');

  const look = async (hash: Buffer, find: (hash: Buffer) => Promise<Known | undefined>): Promise<Known | undefined> => {
    const name = hash.toString('base64');
    const known = remembered.get(name);
    if (known !== undefined && performance.now() - known.rememberedAtMs < rememberMs) return known;
    const found = await find(hash);
    if (found === undefined) remembered.delete(name);
    else remembered.set(name, found);
    return found;
  };

  const noteUse = notesOfUse(world);

  /** Throws request.rate_limited where too many wrong ones came from the same place. */
  const knownKey = async (secret: string, address: string): Promise<Known | undefined> => {
    if (secret === '' || secret.length > maxSecretLength) return undefined;
    const hash = hashSecret(world.vault, 'api-key', secret);
    const source = sourceBlock(address);
    await keyTries.begin(source, hash);
    const known = await look(hash, (one) => knownApiKey(world, one));
    if (known === undefined || hasExpired(known, world.clock.now())) {
      await keyTries.failed(source, hash);
      return undefined;
    }
    keyTries.succeeded(hash);
    return known;
  };

  const admit = async (caller: Caller, asked: Omit<Refusal, 'caller' | 'code'>, code?: Refusal['code']) => {
    if (code === undefined) return actingFrom(world, caller, asked.address);
    await noteRefusal({ ...asked, caller, code });
    throw new Problem(code);
  };

  const identifyBySession = async (token: string): Promise<Known | undefined> => {
    const known = await look(hashSecret(world.vault, 'session', token), (hash) => knownSession(world, hash));
    if (known === undefined || hasEnded(known, world.clock.now())) return undefined;
    noteUse(known);
    return known;
  };

  return {
    async identifyByApiKey(secret, address, permission) {
      const known = await knownKey(secret, address).catch(undefinedWhenRefused);
      if (known === undefined) return undefined;
      const code = refusalOfKey(known, address, permission);
      if (code !== undefined) {
        await noteRefusal({ caller: known.caller, address, permission, code });
        return undefined;
      }
      noteUse(known);
      return actingFrom(world, known.caller, address);
    },
    async identify(request, permission) {
      const { authorization, cookie } = request.headers;
      const asked = { address: request.address, permission };
      if (authorization !== undefined) {
        const known = assertKnown(await knownKey(bearerOf(authorization), request.address));
        const code = refusalOfKey(known, request.address, permission);
        if (code === undefined) noteUse(known);
        return admit(known.caller, asked, code);
      }
      const token = readSessionCookie(isSecure, cookie);
      if (token === undefined) throw new Problem('auth.missing');
      if (!isReading(request.method)) refuseOtherSites(request.headers, publicOrigin);
      const known = assertKnown(await identifyBySession(token));
      const now = world.clock.now();
      const caller = underEmergency(known.caller, known.emergency, permission, now);
      const isStale = request.needsFreshProof === true && known.freshUntil !== undefined && now >= known.freshUntil;
      const code = permission === 'session' ? undefined : refusalOf(caller, permission);
      return admit(caller, asked, code ?? (isStale ? 'auth.step_up_needed' : undefined));
    },
    forget(id) {
      for (const [name, { caller }] of remembered)
        if ([caller.actor.id, caller.session?.id, caller.accountId].includes(id)) remembered.delete(name);
    },
  };
}

/** Says when a key or session was last used, about once a minute. */
function notesOfUse(world: World): (known: Known) => void {
  const notedAtMs = new QuickLRU<string, number>({ maxSize: maxRemembered });
  return (known) => {
    const { accountId, actor, session } = known.caller;
    const at = world.clock.now();
    const id = session?.id ?? actor.id;
    // Often enough that a short idle time is kept to a tenth.
    const everyMs = Math.min(noteUseEveryMs, known.idleMs / 10);
    if (at.getTime() - (notedAtMs.get(id) ?? Number.NEGATIVE_INFINITY) < everyMs) return;
    notedAtMs.set(id, at.getTime());
    known.lastSeenAt = at;
    const mark = session === undefined ? markApiKeyUsed : markSessionSeen;
    world.db
      .asAccount(accountId, (tx) => mark(tx, id, at))
      .catch(() => world.log.warn({ accountId }, 'the use of a key or session could not be noted'));
  };
}

function undefinedWhenRefused(error: unknown): undefined {
  if (!(error instanceof Problem)) throw error;
}

function bearerOf(authorization: string): string {
  // RFC 6750 §2.1: one token, and nothing behind it.
  const [scheme = '', secret = '', ...more] = authorization.trim().split(/ +/, 3);
  return scheme.toLowerCase() === 'bearer' && more.length === 0 ? secret : '';
}

function assertKnown(known: Known | undefined): Known {
  if (known === undefined) throw new Problem('auth.invalid');
  return known;
}

const isReading = (method: string): boolean => method === 'GET' || method === 'HEAD';

const may = ({ permissions }: Caller, permission: Permission): boolean =>
  permissions === undefined || permissions.includes(permission);

/** Who is narrowed is told so, where that alone is why. */
function refusalOf(caller: Caller, permission: Permission): Refusal['code'] | undefined {
  if (may(caller, permission)) return undefined;
  const isWide = caller.departments !== undefined && !narrowable.includes(permission);
  return isWide ? 'auth.account_wide' : 'auth.forbidden';
}

function refusalOfKey(known: Known, address: string, permission: RoutePermission): Refusal['code'] | undefined {
  if (!known.isTakenFrom(address)) return 'auth.network_refused';
  // A program has no console session.
  return permission === 'session' ? 'auth.forbidden' : refusalOf(known.caller, permission);
}

const hasExpired = ({ expiresAt }: Known, now: Date): boolean => expiresAt !== undefined && now >= expiresAt;

const hasEnded = (known: Known, now: Date): boolean =>
  hasExpired(known, now) || now.getTime() - known.lastSeenAt.getTime() >= known.idleMs;

/**
 * A browser says where a request comes from; a page of another site cannot make it lie. Old browsers send Origin only.
 * https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 */
function refuseOtherSites(headers: GateRequest['headers'], publicOrigin: string): void {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') throw new Problem('request.cross_site');
  const origin = headers.origin;
  if (origin === undefined && site === undefined) throw new Problem('request.cross_site');
  if (origin === undefined || origin === publicOrigin) return;
  if (URL.parse(origin)?.host !== headers.host) throw new Problem('request.cross_site');
}

const anywhere = (): boolean => true;

function within(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', length = ''] = network.split('/');
    list.addSubnet(address, Number(length), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  // A listener on `::` shows an IPv4 client as ::ffff:192.0.2.1 (RFC 4291 §2.5.5.2).
  return (shown) => {
    const address = shown.replace(/^::ffff:(?=\d+\.)/i, '');
    return isIP(address) > 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  };
}

/** Which departments a caller is narrowed to; an open emergency access lifts it for what it opens (under-emergency.ts). */
const departmentsOf = ({ departments }: FoundReach): readonly string[] | undefined => departments ?? undefined;

const placeOf = ({ departmentId }: FoundReach) => (departmentId === null ? {} : { departmentId });

async function knownApiKey(world: World, hash: Buffer): Promise<Known | undefined> {
  const found = await findApiKey(world.db, hash);
  if (found === undefined) return undefined;
  const departments = departmentsOf(found);
  const granted = narrowest(
    found.permissions ?? undefined,
    found.makerRole === null ? undefined : permissionsOf(found.makerRole, found.makerPermissions),
  );
  return {
    caller: {
      accountId: found.accountId,
      actor: { kind: 'api-key', id: found.keyId, ...placeOf(found) },
      permissions: withinDepartments(granted, departments !== undefined),
      departments,
    },
    expiresAt: found.expiresAt ?? undefined,
    lastSeenAt: world.clock.now(),
    rememberedAtMs: performance.now(),
    isTakenFrom: found.allowedNetworks === null ? anywhere : within(found.allowedNetworks),
    idleMs: Number.POSITIVE_INFINITY,
    freshUntil: undefined,
  };
}

async function knownSession(world: World, hash: Buffer): Promise<Known | undefined> {
  const found = await findSession(world.db, hash);
  if (found === undefined) return undefined;
  const { accountId, sessionId, userId } = found;
  const { idleMinutes, absoluteMinutes } = limitsOf(found);
  const lastsUntil = new Date(found.createdAt.getTime() + absoluteMinutes * minuteMs);
  const departments = departmentsOf(found);
  const granted = found.role === null ? undefined : permissionsOf(found.role, found.permissions);
  return {
    caller: {
      accountId,
      actor: userId === null ? { kind: 'session', id: sessionId } : { kind: 'user', id: userId, ...placeOf(found) },
      permissions: withinDepartments(granted, departments !== undefined),
      departments,
      session: { id: sessionId, userId },
    },
    emergency: emergencyOf(found),
    expiresAt: lastsUntil < found.expiresAt ? lastsUntil : found.expiresAt,
    lastSeenAt: found.lastSeenAt,
    rememberedAtMs: performance.now(),
    isTakenFrom: anywhere,
    idleMs: idleMinutes * minuteMs,
    // As long as an account has no people there is nobody whom a link's holder could prove to be.
    freshUntil: userId === null && !found.hasPeople ? undefined : new Date(found.provedAt.getTime() + freshProofMs),
  };
}
