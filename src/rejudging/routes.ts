/** The HTTP routes of the rejudging area. */
import {
  cancelRejudgement as cancelEndpoint,
  listFlips,
  listRejudgements,
  listRules,
  readRejudgement as readEndpoint,
  startRejudgement,
} from '../contract/rejudging.ts';
import { type Route, route, writes, writesNothing } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { askRejudgement } from './ask-rejudgement.ts';
import { cancelRejudgement } from './cancel-rejudgement.ts';
import { listRules as rulesOf } from './list-rules.ts';
import { listAccountRejudgements, listFlipsOf, readRejudgement } from './read-rejudgement.ts';

export const rejudgingRoutes = (world: Pick<World, 'db' | 'clock'>): Route[] => [
  route(
    listRules,
    'settings.read',
    writesNothing('Rules are the same for everybody; which are off names no person.'),
    (_, { accountId }) => rulesOf(world, accountId),
  ),
  route(
    startRejudgement,
    'verdicts.rejudge',
    writes('rejudgement.asked', ['rejudgement.ended']),
    async ({ body }, caller) => {
      const { id } = await askRejudgement(world, caller, body);
      return readRejudgement(world, caller.accountId, id);
    },
  ),
  route(
    listRejudgements,
    'reports.read',
    writesNothing('Counts only: it names no recipient.'),
    ({ query }, { accountId }) => listAccountRejudgements(world, accountId, query),
  ),
  route(
    readEndpoint,
    'reports.read',
    writesNothing('Counts, and ids of hits: it names no recipient.'),
    ({ params }, { accountId }) => readRejudgement(world, accountId, params.id),
  ),
  route(listFlips, 'messages.read', writes('flips.listed'), ({ params, query }, caller) =>
    listFlipsOf(world, caller, params.id, query),
  ),
  route(cancelEndpoint, 'verdicts.rejudge', writes('rejudgement.cancelled'), async ({ params }, caller) => {
    await cancelRejudgement(world, caller, params.id);
    return readRejudgement(world, caller.accountId, params.id);
  }),
];
