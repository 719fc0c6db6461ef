/** What every use case of provisioning works with, and how a request is read and its version held. */
import { accountVault, type Gate, openProvisioner, type Provisioner } from '../accounts/index.ts';
import { Problem, type ProblemCode } from '../contract/problem.ts';
import { type FaultKind, ScimFault } from '../core/provisioning/fault.ts';
import { isObject, type Json } from '../core/provisioning/read-resource.ts';
import type { Tx } from '../platform/database.ts';
import { readJsonBody } from '../platform/json-body.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';

export interface Desk {
  readonly world: World;
  readonly gate: Gate;
  /** Where the program is for others, without a slash at its end. */
  readonly baseUrl: string;
}

/** One transaction that changes people. Every process hears of it within seconds, this one at once. */
export async function changingPeople<T>(
  { world, gate }: Desk,
  caller: Caller,
  run: (tx: Tx, by: Provisioner) => Promise<T>,
): Promise<T> {
  const vault = await accountVault(world, caller.accountId);
  const at = world.clock.now();
  const result = await world.db.asAccount(caller, async (tx) =>
    run(tx, await openProvisioner(tx, { world, vault, caller, at })),
  );
  gate.forget(caller.accountId);
  return result;
}

const codes: Readonly<Record<FaultKind, ProblemCode>> = {
  invalidFilter: 'scim.invalid_filter',
  invalidPath: 'scim.invalid_path',
  invalidSyntax: 'scim.invalid_syntax',
  invalidValue: 'scim.invalid_value',
  mutability: 'scim.mutability',
  noTarget: 'scim.no_target',
  tooMany: 'scim.too_many',
};

export const asScimProblem = (error: unknown): unknown =>
  error instanceof ScimFault ? new Problem(codes[error.kind], [{ field: error.field, message: error.should }]) : error;

/** Throws request.invalid_json, request.malformed or scim.invalid_syntax. */
export function readJson(raw: Uint8Array): Json {
  const body = readJsonBody(raw);
  if (!isObject(body)) throw new ScimFault('invalidSyntax', 'body', 'is an object');
  return body;
}

const withoutWeakness = (tag: string): string => tag.trim().replace(/^W\//, '');

/** RFC 7644 §3.14. Throws scim.version_changed. */
export function assertVersion(ifMatch: string | undefined, version: string): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return;
  const isNamed = ifMatch.split(',').some((one) => withoutWeakness(one) === withoutWeakness(version));
  if (!isNamed) throw new Problem('scim.version_changed');
}
