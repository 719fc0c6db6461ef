/**
 * The door of the rejudging area: asking for history to be judged again, what does it, and what is told of it. Verdicts
 * and counts are written by the events area alone.
 */
export { askRejudgement } from './ask-rejudgement.ts';
export { cancelRejudgement } from './cancel-rejudgement.ts';
export { readRejudgement, unfinishedRun } from './read-rejudgement.ts';
export { rejudgingRoutes } from './routes.ts';
export { type RejudgingNews, runThread, startRejudging, startRejudgingThread } from './start-rejudging.ts';
export { runNext } from './worker.ts';
