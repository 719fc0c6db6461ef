/** The HTTP routes of drafts. */
import {
  deleteDraft as deleteDraftEndpoint,
  readDraft as readDraftEndpoint,
  saveDraft as saveDraftEndpoint,
} from '../../contract/drafts.ts';
import { type Route, route, writesNothing } from '../../platform/route.ts';
import type { World } from '../../platform/world.ts';
import { deleteDraft, readDraft, saveDraft } from './drafts.ts';

const theirOwn = writesNothing('Everybody reads and writes their own words only, while they type.');

export const draftRoutes = (world: World): Route[] => [
  route(saveDraftEndpoint, 'session', theirOwn, async ({ params, body }, caller) => {
    const { savedAt, expiresAt } = await saveDraft(world, caller, params.form, body.fields);
    return { savedAt: savedAt.toISOString(), expiresAt: expiresAt.toISOString() };
  }),
  route(readDraftEndpoint, 'session', theirOwn, async ({ params }, caller) => {
    const draft = await readDraft(world, caller, params.form);
    return { draft: draft === null ? null : { fields: draft.fields, savedAt: draft.savedAt.toISOString() } };
  }),
  route(deleteDraftEndpoint, 'session', theirOwn, async ({ params }, caller) => {
    await deleteDraft(world, caller, params.form);
    return undefined;
  }),
];
