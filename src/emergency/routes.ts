/** The HTTP routes of emergency access. */
import type { Gate } from '../accounts/index.ts';
import {
  changeEmergencySettings,
  endEmergencyAccess,
  endOwnEmergency as endOwnEmergencyEndpoint,
  exportEmergencyAccess,
  listEmergencyAccesses,
  openEmergencyAccess,
  readEmergencyAccess,
  readEmergencySettings,
  readOwnEmergency as readOwnEmergencyEndpoint,
  reviewEmergencyAccess,
} from '../contract/emergency.ts';
import { type Route, route, writes, writesNothing } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { changeSettings } from './change-settings.ts';
import { endEmergency, endOwnEmergency } from './end-emergency.ts';
import { openEmergency } from './open-emergency.ts';
import { listEmergencies, readEmergency, readOwnEmergency } from './read-emergencies.ts';
import { reportAsCsv, reportAsJson } from './report-files.ts';
import { reviewEmergency } from './review-emergency.ts';
import { readSettingsRow } from './store.ts';

export function emergencyRoutes(world: Pick<World, 'db' | 'vault' | 'clock'>, gate: Gate): Route[] {
  return [
    route(openEmergencyAccess, 'emergency.open', writes('emergency.opened', ['emergency.ended']), ({ body }, caller) =>
      openEmergency(world, gate, caller, body),
    ),
    route(
      readOwnEmergencyEndpoint,
      'session',
      writesNothing('Only what whoever asks has done themselves, and a count.'),
      (_request, caller) => readOwnEmergency(world, caller),
    ),
    route(endOwnEmergencyEndpoint, 'session', writes('emergency.ended'), (_request, caller) =>
      endOwnEmergency(world, gate, caller),
    ),
    route(listEmergencyAccesses, 'emergency.review', writes('emergencies.listed'), async (_request, caller) => ({
      emergencies: await listEmergencies(world, caller),
    })),
    route(readEmergencyAccess, 'emergency.review', writes('emergency.read'), ({ params }, caller) =>
      readEmergency(world, caller, params.id),
    ),
    route(
      exportEmergencyAccess,
      'emergency.review',
      writes('emergency.exported'),
      async ({ params, query }, caller) => {
        const report = await readEmergency(world, caller, params.id, query.format);
        return query.format === 'csv' ? reportAsCsv(report) : reportAsJson(report);
      },
    ),
    route(endEmergencyAccess, 'emergency.review', writes('emergency.ended'), ({ params }, caller) =>
      endEmergency(world, gate, caller, params.id),
    ),
    route(reviewEmergencyAccess, 'emergency.review', writes('emergency.reviewed'), ({ params, body }, caller) =>
      reviewEmergency(world, caller, params.id, body),
    ),
    route(readEmergencySettings, 'settings.read', writesNothing('Settings name no person.'), (_request, caller) =>
      world.db.readAccount(caller.accountId, readSettingsRow),
    ),
    route(changeEmergencySettings, 'settings.change', writes('emergency_settings.changed'), ({ body }, caller) =>
      changeSettings(world, caller, body),
    ),
  ];
}
