/** What an area hands to main for each HTTP route: the endpoint of the contract, the permission and the handler. */
import type { z } from 'zod';
import type { AuditAction, AuditDeclaration } from '../contract/audit-actions.ts';
import type { Endpoint } from '../contract/endpoint.ts';
import type { Permission } from '../contract/permissions.ts';

/** `session`: a console session of any role, and no API key. */
export type RoutePermission = Permission | 'session';

export type Actor = ActorName & {
  /** Where the user or key belonged when it acted. */
  readonly departmentId?: string;
  /** From which network address it acted, as the audit log keeps it. */
  readonly address?: SealedAddress;
};

/** A network address that only the account's key opens, and what the audit log's chain says of it. */
export interface SealedAddress {
  readonly sealed: Buffer;
  readonly commitment: Buffer;
}

type ActorName =
  | { readonly kind: 'api-key'; readonly id: string }
  /** `emergencyId`: what they do now is done under this emergency access, and every entry of it says so. */
  | { readonly kind: 'user'; readonly id: string; readonly emergencyId?: string }
  /** An installation link’s session, of nobody in particular. */
  | { readonly kind: 'session'; readonly id: string }
  | { readonly kind: 'system'; readonly id: string };

/** Who is calling, settled by the accounts' gate before a handler runs. */
export interface Caller {
  readonly accountId: string;
  readonly actor: Actor;
  /** Undefined: everything. */
  readonly permissions?: readonly Permission[] | undefined;
  /** Narrowed to the mail and people of these departments. Undefined: the whole account. */
  readonly departments?: readonly string[] | undefined;
  /** The console session, when it is one. */
  readonly session?: CallerSession | undefined;
}

export interface CallerSession {
  readonly id: string;
  /** Null: an installation link opened it. */
  readonly userId: string | null;
}

export interface RouteRequest<E extends Endpoint> {
  readonly params: z.output<E['params']>;
  readonly query: z.output<E['query']>;
  readonly body: z.output<E['body']>;
  /** Lower-case header names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The body as it came, for hashes; JSON text. */
  readonly rawBody: Uint8Array;
  readonly requestId: string;
  /** Where it came from. */
  readonly address: string;
}

/** An answer that is not the plain JSON result: another content type, or headers beside it. */
export class Answer {
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;

  constructor(body: unknown, headers: Readonly<Record<string, string | readonly string[]>>) {
    this.body = body;
    this.headers = headers;
  }
}

export interface Route {
  readonly endpoint: Endpoint;
  readonly permission: RoutePermission | 'open';
  readonly audit: AuditDeclaration;
  readonly handle: (request: RouteRequest<Endpoint>, caller: Caller) => Promise<unknown>;
}

const listOf = <T>(some: T | readonly T[]): readonly T[] => (Array.isArray(some) ? some : [some as T]);

/** What a route writes to the audit log when it did its work; test/audited-routes.test.ts holds it to that. */
export const writes = (
  always: AuditAction | readonly AuditAction[],
  sometimes: readonly AuditAction[] = [],
): AuditDeclaration => ({ always: listOf(always), sometimes });

/** For a route that neither changes nor reads anything personal; the sentence says why that is so. */
export const writesNothing = (because: string): AuditDeclaration => ({
  always: [],
  sometimes: [],
  nothingBecause: because,
});

/** Ties a handler to its endpoint; the types of both must agree. For `open` endpoints there is no caller. */
export function route<E extends Endpoint>(
  endpoint: E,
  permission: RoutePermission | 'open',
  audit: AuditDeclaration,
  handle: (request: RouteRequest<E>, caller: Caller) => Promise<z.input<E['result']> | Answer>,
): Route {
  return { endpoint, permission, audit, handle: handle as unknown as Route['handle'] };
}
