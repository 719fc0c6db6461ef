/** The HTTP routes of the reports area: reading messages, their events, and who opened and clicked. */
import { readBatch } from '../contract/batches.ts';
import { listMessageEvents, listMessages, readMessage } from '../contract/messages.ts';
import { listReportRecipients, readActivity, readEngagement } from '../contract/reports.ts';
import { type Route, route, writes, writesNothing } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { engagementCsv } from './engagement-csv.ts';
import { listEventsOfMessage } from './list-events.ts';
import { listAccountMessages } from './list-messages.ts';
import { listRecipientsOfReport } from './list-recipients.ts';
import { readActivityReport } from './read-activity.ts';
import { readBatchProgress } from './read-batch.ts';
import { readEngagementReport } from './read-engagement.ts';
import { readOneMessage } from './read-message.ts';

export function reportRoutes(world: Pick<World, 'db' | 'vault' | 'clock'>): Route[] {
  return [
    route(listMessages, 'messages.read', writes('messages.listed'), ({ query }, caller) =>
      listAccountMessages(world, caller, query),
    ),
    route(readMessage, 'messages.read', writes('message.read'), ({ params, query }, caller) =>
      readOneMessage(world, caller, params.id, query),
    ),
    route(readBatch, 'reports.read', writesNothing('numbers of a message, and nobody’s name'), ({ params }, caller) =>
      readBatchProgress(world, caller, params.id),
    ),
    route(listMessageEvents, 'messages.read', writes('message.read'), ({ params, query }, caller) =>
      listEventsOfMessage(world, caller, params.id, query),
    ),
    route(readEngagement, 'reports.read', writes('report.read'), async ({ query }, caller) => {
      const report = await readEngagementReport(world, caller, query);
      return query.format === 'csv' ? engagementCsv(report, world.clock.now()) : report;
    }),
    route(readActivity, 'reports.read', writes('report.read'), ({ query }, caller) =>
      readActivityReport(world, caller, query),
    ),
    route(listReportRecipients, 'messages.read', writes('recipients.listed'), ({ query }, caller) =>
      listRecipientsOfReport(world, caller, query),
    ),
  ];
}
