/** What an HTTP route takes and gives, in one value: it validates requests, documents them and types the console's client. */
import type { z } from 'zod';
import type { ProblemCode } from './problem.ts';

/** How many requests are worked on at once in one process, from before their body is read, and how many wait for a turn. */
export interface AtOnce {
  readonly most: number;
  readonly mostOfAccount: number;
  readonly waiting: number;
  readonly waitingOfAccount: number;
  readonly waitMs: number;
}

export interface Endpoint<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Result extends z.ZodType = z.ZodType,
> {
  /** operationId in OpenAPI and the name of the client's method. */
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with `{name}` parameters. */
  readonly path: string;
  readonly summary: string;
  readonly area: string;
  /** No key or session is needed. */
  readonly open?: boolean;
  /** A console session must have been proved anew within five minutes. */
  readonly stepUp?: boolean;
  /** It concerns the account as a whole: whoever is narrowed to a department is refused, whatever they may do. */
  readonly accountWide?: boolean;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly status: number;
  readonly result: Result;
  /** Refusals of this route beside those that every route can give. */
  readonly problems: readonly ProblemCode[];
  /** Content types beside JSON that the result can take. */
  readonly alsoAs?: readonly string[];
  /** Content types beside JSON that the body may come as; the route reads it as it came. */
  readonly takes?: readonly string[];
  /** Default: 1 MiB. */
  readonly maxBodyBytes?: number;
  /** Requests of one network address in a minute, counted before their body is read. Absent: as many as come. */
  readonly mostAMinute?: number;
  /** Absent: as many as come. */
  readonly atOnce?: AtOnce;
  /** Headers that the route reads, by name, with a sentence each. */
  readonly headers?: Readonly<Record<string, string>>;
}

export const endpoint = <
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Result extends z.ZodType,
>(
  description: Endpoint<Params, Query, Body, Result>,
): Endpoint<Params, Query, Body, Result> => description;
