/** What is compared: Waxwing's three views, lists of user agents, and a rule of the first minute. Each sees the hits of one case. */
import crawlers from 'crawler-user-agents';
import { Crawler } from 'es6-crawler-detect';
import { isbot } from 'isbot';
import { countsAs, judge, type Observation, type View } from '../src/index.ts';

export interface Judge {
  readonly name: string;
  /** For each hit, whether it is held to be a machine's. */
  readonly findMachines: (hits: readonly Observation[]) => readonly boolean[];
}

export const BALANCED = 'waxwing balanced';

const waxwing = (view: View): Judge => ({
  name: `waxwing ${view}`,
  findMachines: (hits) => judge(hits).map((verdict) => countsAs(view, verdict) === 'automated'),
});

const byAgent = (name: string, isRobot: (agent: string) => boolean): Judge => ({
  name,
  findMachines: (hits) => hits.map((hit) => isRobot(hit.userAgent ?? '')),
});

const patterns = crawlers.map((crawler) => new RegExp(crawler.pattern));
const crawlerDetect = new Crawler();
const MINUTE_MS = 60_000;

const firstMinute: Judge = {
  name: 'first 60 seconds',
  findMachines: (hits) =>
    hits.map(({ at, deliveredAt }) => at !== undefined && Date.parse(at) - Date.parse(deliveredAt ?? '') <= MINUTE_MS),
};

export const judges: readonly Judge[] = [
  waxwing('strict'),
  waxwing('balanced'),
  waxwing('lenient'),
  byAgent('isbot', (agent) => isbot(agent)),
  byAgent('crawler-user-agents', (agent) => patterns.some((pattern) => pattern.test(agent))),
  byAgent('es6-crawler-detect', (agent) => agent !== '' && crawlerDetect.isCrawler(agent)),
  firstMinute,
];
