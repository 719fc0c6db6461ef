/**
 * An identity provider as it describes itself: discovered once an hour, its keys fetched when they are needed and again
 * when it signs with one that is not known. It keeps nothing but what is public.
 */
import { createRemoteJWKSet, customFetch as joseFetch, type RemoteJWKSet } from 'jose';
import * as oidc from 'openid-client';
import QuickLRU from 'quick-lru';
import { Problem } from '../contract/problem.ts';
import type { signOnFindings } from '../contract/single-sign-on.ts';
import { AddressRefused } from '../platform/public-address.ts';
import type { Clock } from '../platform/world.ts';
import { isAskable, type ProviderFetch } from './guarded-fetch.ts';

export type SignOnFinding = (typeof signOnFindings)[number];

export interface ProviderIdentity {
  readonly connectionId: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | null;
}

export interface KnownProvider {
  readonly metadata: oidc.ServerMetadata;
  readonly keys: RemoteJWKSet;
}

export interface Providers {
  /** Throws sso.provider_unreachable or sso.provider_misconfigured. */
  find(identity: Pick<ProviderIdentity, 'connectionId' | 'issuer'>): Promise<KnownProvider>;
  forget(connectionId: string): void;
  readonly fetch: ProviderFetch;
  readonly allowsInner: boolean;
}

const believeMs = 3_600_000;
const timeoutSeconds = 10;
/** Strangers cannot make us fetch keys more often than this. */
const keysCooldownMs = 30_000;

interface Remembered extends KnownProvider {
  readonly issuer: string;
  readonly foundAtMs: number;
}

export function openProviders(clock: Clock, fetch: ProviderFetch, allowsInner: boolean): Providers {
  const known = new QuickLRU<string, Remembered>({ maxSize: 1_000 });
  return {
    fetch,
    allowsInner,
    forget: (connectionId) => void known.delete(connectionId),
    async find({ connectionId, issuer }) {
      const nowMs = clock.now().getTime();
      const found = known.get(connectionId);
      if (found?.issuer === issuer && Math.abs(nowMs - found.foundAtMs) < believeMs) return found;
      const metadata = await discover(fetch, issuer, allowsInner).catch((error: unknown) => {
        throw problemOf(error);
      });
      const keys = keySet(fetch, metadata);
      const made = { issuer, metadata, keys, foundAtMs: nowMs };
      known.set(connectionId, made);
      return made;
    },
  };
}

/** What a provider says of itself is not what it must say. */
export class Misdescribed extends Error {
  readonly foundIssuer: string | null;
  readonly missing: 'issuer' | 'authorization_endpoint' | 'token_endpoint' | 'jwks_uri';

  constructor(missing: Misdescribed['missing'], foundIssuer: string | null = null) {
    super(`a provider's description has no usable ${missing}`);
    this.missing = missing;
    this.foundIssuer = foundIssuer;
  }
}

/** Its description, every address in it checked. The issuer must be the very same text. OIDC Discovery §4.3 */
export async function discover(
  fetch: ProviderFetch,
  issuer: string,
  allowsInner: boolean,
): Promise<oidc.ServerMetadata> {
  const isOpen = issuer.startsWith('http:');
  const found = await oidc.discovery(new URL(issuer), 'discovery', undefined, undefined, {
    [oidc.customFetch]: fetch,
    timeout: timeoutSeconds,
    ...(isOpen ? { execute: [oidc.allowInsecureRequests] } : {}),
  });
  const metadata = plainMetadata(found);
  if (metadata.issuer !== issuer) throw new Misdescribed('issuer', metadata.issuer);
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const)
    if (!isAskable(String(metadata[name] ?? ''), allowsInner)) throw new Misdescribed(name);
  return metadata;
}

/** The library's value carries a function, which cannot be copied. */
function plainMetadata(config: oidc.Configuration): oidc.ServerMetadata {
  const { supportsPKCE: _, ...metadata } = config.serverMetadata();
  return metadata;
}

export const keySet = (fetch: ProviderFetch, metadata: oidc.ServerMetadata): RemoteJWKSet =>
  createRemoteJWKSet(new URL(String(metadata.jwks_uri)), {
    cooldownDuration: keysCooldownMs,
    timeoutDuration: timeoutSeconds * 1_000,
    [joseFetch]: fetch,
  });

/** What is wrong with a provider, from what its discovery failed on. */
export function findingOf(error: unknown): SignOnFinding {
  if (error instanceof Misdescribed) return findingOfMissing[error.missing];
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof AddressRefused) return 'address_refused';
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED') return 'issuer_mismatch';
  if (code === 'OAUTH_RESPONSE_IS_NOT_CONFORM')
    return cause instanceof Response && cause.status >= 500 ? 'unreachable' : 'not_found';
  return notDiscovery.includes(String(code)) ? 'not_discovery' : 'unreachable';
}

/** What the provider calls itself, where that is what was wrong; cut to what a page can show. */
export function foundIssuerOf(error: unknown): string | null {
  if (error instanceof Misdescribed) return error.foundIssuer?.slice(0, 500) ?? null;
  const told = (error as { cause?: { body?: { issuer?: unknown } } }).cause?.body?.issuer;
  return findingOf(error) === 'issuer_mismatch' && typeof told === 'string' ? told.slice(0, 500) : null;
}

const findingOfMissing = {
  issuer: 'issuer_mismatch',
  authorization_endpoint: 'no_authorization_endpoint',
  token_endpoint: 'no_token_endpoint',
  jwks_uri: 'no_keys',
} as const;
const notDiscovery = ['OAUTH_RESPONSE_IS_NOT_JSON', 'OAUTH_INVALID_RESPONSE', 'OAUTH_PARSE_ERROR'];

const problemOf = (error: unknown): Problem =>
  new Problem(
    ['unreachable', 'address_refused'].includes(findingOf(error))
      ? 'sso.provider_unreachable'
      : 'sso.provider_misconfigured',
  );

/** OIDC Core §3.1.3.7: a few minutes of leeway at most. */
export const clockToleranceSeconds = 60;

/** How we present ourselves at the token endpoint: as the provider takes it, HTTP Basic first (OIDC Core §9). */
export function clientAuthentications({ clientSecret }: ProviderIdentity, metadata: oidc.ServerMetadata) {
  if (clientSecret === null) return [oidc.None()];
  const taken = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  const ways = [
    ...(taken.includes('client_secret_basic') ? [oidc.ClientSecretBasic(clientSecret)] : []),
    ...(taken.includes('client_secret_post') ? [oidc.ClientSecretPost(clientSecret)] : []),
  ];
  return ways.length > 0 ? ways : [oidc.ClientSecretBasic(clientSecret)];
}

/** The library's view of provider and client, in our time. */
export function configurationOf(
  clock: Clock,
  providers: Providers,
  metadata: oidc.ServerMetadata,
  identity: ProviderIdentity,
  authentication: oidc.ClientAuth = oidc.None(),
): oidc.Configuration {
  const client = {
    [oidc.clockSkew]: Math.round((clock.now().getTime() - Date.now()) / 1_000),
    [oidc.clockTolerance]: clockToleranceSeconds,
  };
  const configuration = new oidc.Configuration(metadata, identity.clientId, client, authentication);
  configuration[oidc.customFetch] = providers.fetch;
  configuration.timeout = timeoutSeconds;
  if (identity.issuer.startsWith('http:')) oidc.allowInsecureRequests(configuration);
  return configuration;
}
