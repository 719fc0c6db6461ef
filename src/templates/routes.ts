/** The HTTP routes of templates. */
import * as contract from '../contract/templates.ts';
import { type Route, route, writes, writesNothing } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import {
  changeOneTemplate,
  createOneTemplate,
  deleteOneTemplate,
  listAllTemplates,
  previewNewWords,
  previewOneTemplate,
  readOneTemplate,
} from './manage-templates.ts';

const words = writesNothing('words of the organisation’s own; nobody’s data is in them');

export function templateRoutes(world: Pick<World, 'db' | 'vault' | 'clock'>): Route[] {
  return [
    route(contract.listTemplates, 'templates.read', words, (_request, caller) => listAllTemplates(world, caller)),
    route(contract.createTemplate, 'templates.manage', writes('template.created'), ({ body }, caller) =>
      createOneTemplate(world, caller, body),
    ),
    route(contract.readTemplate, 'templates.read', words, ({ params, query }, { accountId }) =>
      readOneTemplate(world, accountId, params.id, query.version),
    ),
    route(contract.changeTemplate, 'templates.manage', writes('template.changed'), ({ params, body }, caller) =>
      changeOneTemplate(world, caller, params.id, body),
    ),
    route(contract.deleteTemplate, 'templates.manage', writes('template.deleted'), ({ params }, caller) =>
      deleteOneTemplate(world, caller, params.id),
    ),
    route(
      contract.previewTemplate,
      'templates.read',
      writesNothing('the data is the caller’s own, and nothing is kept'),
      ({ params, body }, caller) => previewOneTemplate(world, caller, params.id, body),
    ),
    route(
      contract.previewWords,
      'templates.read',
      writesNothing('words and data are the caller’s own, and nothing is kept'),
      async ({ body }) => previewNewWords(body),
    ),
  ];
}
