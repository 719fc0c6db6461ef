/** The HTTP routes of the suppression list. */
import {
  deleteSuppression,
  exportSuppressions as exportEndpoint,
  importSuppressions as importEndpoint,
  listSuppressions as listEndpoint,
  readSuppression as readEndpoint,
  setSuppression,
} from '../contract/suppressions.ts';
import { readUnsubscribePage as readPageEndpoint, setUnsubscribePage } from '../contract/unsubscribing.ts';
import { type Route, route, writes, writesNothing } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { changeUnsubscribePage, readUnsubscribePage } from './change-page.ts';
import { liftSuppression, readSuppression, suppress } from './change-suppressions.ts';
import { importSuppressions } from './import-suppressions.ts';
import { exportSuppressions, listSuppressions } from './list-suppressions.ts';

export const suppressionRoutes = (world: Pick<World, 'db' | 'vault' | 'clock'>): Route[] => [
  route(listEndpoint, 'suppressions.manage', writes('suppressions.listed'), ({ query }, caller) =>
    listSuppressions(world, caller, query),
  ),
  route(readEndpoint, 'suppressions.manage', writes('suppression.read'), ({ params }, caller) =>
    readSuppression(world, caller, params.email),
  ),
  route(setSuppression, 'suppressions.manage', writes('suppression.set'), ({ params, body }, caller) =>
    suppress(world, caller, params.email, body),
  ),
  route(
    deleteSuppression,
    'suppressions.manage',
    writes('suppression.removed'),
    async ({ params, query }, caller) => void (await liftSuppression(world, caller, params.email, query.reason)),
  ),
  route(importEndpoint, 'suppressions.manage', writes('suppressions.imported'), async ({ body }, caller) => {
    const { added, refused } = await importSuppressions(world, caller, body);
    return { added, refused: [...refused] };
  }),
  route(exportEndpoint, 'suppressions.manage', writes('suppressions.exported'), (_, caller) =>
    exportSuppressions(world, caller),
  ),
  route(
    readPageEndpoint,
    'settings.read',
    writesNothing('What it answers, anybody with a link is shown.'),
    (_, caller) => readUnsubscribePage(world, caller),
  ),
  route(setUnsubscribePage, 'settings.change', writes('unsubscribe_page.changed'), ({ body }, caller) =>
    changeUnsubscribePage(world, caller, body),
  ),
];
