/** The HTTP routes of alerting: that somebody looked, and how people are mailed. */
import { acknowledgeAlert } from '../accounts/index.ts';
import {
  acknowledgeAlert as acknowledgeAlertEndpoint,
  changeAlertSettings,
  readAlertSettings,
} from '../contract/alerts.ts';
import { type Route, route, writes, writesNothing } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { changeSettings, readSettings } from './change-settings.ts';

export const alertingRoutes = (world: Pick<World, 'db' | 'vault' | 'clock'>): Route[] => [
  route(acknowledgeAlertEndpoint, 'people.read', writes('alert.acknowledged'), async ({ params }, caller) => {
    await acknowledgeAlert(world, caller, params.id);
    return undefined;
  }),
  route(
    readAlertSettings,
    'settings.read',
    writesNothing('The address is the organisation’s own.'),
    (_request, caller) => readSettings(world, caller),
  ),
  route(changeAlertSettings, 'settings.change', writes('alert_settings.changed'), ({ body }, caller) =>
    changeSettings(world, caller, body),
  ),
];
