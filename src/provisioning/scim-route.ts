/**
 * What all SCIM routes have in common: only API keys, the body read as it came, the answer as application/scim+json, and
 * every refusal noted for the administrator by its code. It decides nothing.
 */
import type { z } from 'zod';
import type { AuditDeclaration } from '../contract/audit-actions.ts';
import type { Endpoint } from '../contract/endpoint.ts';
import { Problem } from '../contract/problem.ts';
import { scimType } from '../contract/provisioning.ts';
import { ScimFault } from '../core/provisioning/fault.ts';
import { assertSchemas, type Json, project, type Shown } from '../core/provisioning/read-resource.ts';
import { groupKind, userKind } from '../core/provisioning/schema.ts';
import { newId } from '../platform/ids.ts';
import { Answer, type Caller, type Route, route } from '../platform/route.ts';
import { asScimProblem, type Desk, readJson } from './desk.ts';
import { type ListWish, searchSchema } from './list-resources.ts';
import { insertFault, markHeard } from './store.ts';

export interface ScimRequest<E extends Endpoint> {
  readonly params: z.output<E['params']>;
  readonly query: z.output<E['query']>;
  readonly ifMatch: string | undefined;
  /** Throws request.invalid_json or scim.invalid_syntax. */
  readonly json: () => Json;
}

export interface Scim {
  readonly shown?: Json;
  readonly isNew?: boolean;
}

export function scimRoute<E extends Endpoint>(
  desk: Desk,
  endpoint: E,
  audit: AuditDeclaration,
  run: (request: ScimRequest<E>, caller: Caller) => Promise<Scim>,
): Route {
  return route(endpoint, 'people.provision', audit, async ({ params, query, headers, rawBody }, caller) => {
    // A session would come around the fresh proof that people's own routes ask for.
    if (caller.actor.kind !== 'api-key') throw new Problem('auth.forbidden');
    const request = { params, query, ifMatch: headers['if-match'], json: () => readJson(rawBody) };
    try {
      const answer = await run(request, caller);
      await desk.world.db.asAccount(caller, (tx) => markHeard(tx, desk.world.clock.now()));
      return asAnswer(answer, query as Shown);
    } catch (error) {
      const known = asScimProblem(error);
      if (known instanceof Problem) await noteFault(desk, caller, endpoint, known);
      throw known;
    }
  });
}

/** A directory looks whether somebody is there: that it is told no is nothing wrong. */
async function noteFault(desk: Desk, caller: Caller, endpoint: Endpoint, problem: Problem): Promise<void> {
  if (endpoint.method === 'GET' && problem.status === 404) return;
  const at = desk.world.clock.now();
  await desk.world.db.asAccount(caller, async (tx) => {
    await insertFault(tx, { id: newId(at), at, request: endpoint.name, code: problem.code });
    await markHeard(tx, at);
  });
}

function asAnswer({ shown, isNew = false }: Scim, asked: Shown): Answer {
  const type = { 'content-type': `${scimType}; charset=utf-8` };
  if (shown === undefined) return new Answer(undefined, {});
  const { location, version } = (shown.meta ?? {}) as { location?: string; version?: string };
  return new Answer(JSON.stringify(projected(shown, asked)), {
    ...type,
    ...(location === undefined
      ? {}
      : isNew
        ? { location, 'content-location': location }
        : { 'content-location': location }),
    ...(version === undefined ? {} : { etag: version }),
  });
}

/** Of what a change answers; lists and single looks were cut to what was asked for already. */
function projected(shown: Json, asked: Shown): Json {
  const type = (shown.meta as { resourceType?: string } | undefined)?.resourceType;
  const kind = [userKind, groupKind].find(({ name }) => name === type);
  return kind === undefined ? shown : project(kind, shown, asked);
}

/** RFC 7644 §3.4.3. */
export function readSearch(body: Json): ListWish {
  assertSchemas(body, searchSchema);
  const textOf = (name: string): string | undefined => {
    const value = body[name];
    const text = Array.isArray(value) ? value.join(',') : value;
    if (text !== undefined && (typeof text !== 'string' || text.length > 10_000))
      throw new ScimFault('invalidValue', name, 'is a text');
    return text;
  };
  const numberOf = (name: string): number | undefined => {
    const value = body[name];
    if (value !== undefined && typeof value !== 'number') throw new ScimFault('invalidValue', name, 'is a number');
    return value;
  };
  return {
    attributes: textOf('attributes'),
    excludedAttributes: textOf('excludedAttributes'),
    filter: textOf('filter'),
    startIndex: numberOf('startIndex'),
    count: numberOf('count'),
  };
}
