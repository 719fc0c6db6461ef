/** Legal holds and retention over HTTP. */
import * as contract from '../contract/retention.ts';
import { type Route, route, writes, writesNothing } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { changeRetention, previewRetention, readRetention } from './choose-retention.ts';
import { placeHold } from './place-hold.ts';
import { listHolds, readHold } from './read-holds.ts';
import { releaseHold } from './release-hold.ts';

export function retentionRoutes(world: World): Route[] {
  return [
    route(
      contract.readRetention,
      'settings.read',
      writesNothing('It tells times and counts of the account, nothing of anybody.'),
      (_, caller) => readRetention(world, caller),
    ),
    route(contract.changeRetention, 'retention.change', writes('retention.changed'), ({ body }, caller) =>
      changeRetention(world, caller, body),
    ),
    route(contract.previewRetention, 'retention.change', writes('retention.previewed'), ({ body }, caller) =>
      previewRetention(world, caller, body.messageDays),
    ),
    route(contract.listHolds, 'holds.read', writes('holds.listed'), async (_, caller) => ({
      holds: await listHolds(world, caller),
    })),
    route(contract.placeHold, 'holds.manage', writes('hold.placed'), ({ body }, caller) =>
      placeHold(world, caller, body),
    ),
    route(contract.readHold, 'holds.read', writes('hold.read'), ({ params }, caller) =>
      readHold(world, caller, params.id),
    ),
    route(contract.releaseHold, 'holds.manage', writes('hold.released'), ({ params, body }, caller) =>
      releaseHold(world, caller, params.id, body.reason),
    ),
  ];
}
