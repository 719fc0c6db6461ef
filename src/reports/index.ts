/** The door of the reports area: it reads what the others wrote, under the reading role, and writes only who looked. */
export { readEngagementReport } from './read-engagement.ts';
export { reportRoutes } from './routes.ts';
