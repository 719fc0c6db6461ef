/** Feeds webhooks with hits whose verdicts have settled: never a provisional one, and each once. */
import { feedHits } from '../events/index.ts';
import type { Consumer } from '../settling/index.ts';

export const webhookFeeder: Consumer = {
  name: 'webhooks',
  onSettledHits: (tx, hits) => feedHits(tx, hits),
};
