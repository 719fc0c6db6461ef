/** Reads a user agent into the kind of client it names. It takes the agent at its word: whether to believe it is for the rules. */
import {
  APPLE_MAIL_LOADER,
  APPLE_MAIL_WEBKIT,
  BARE_AGENT,
  BARRACUDA_AGENT,
  DISPLAY_PROXIES,
  GMAIL_ACTIONS_ENDING,
  GMAIL_PREFETCH_AGENT,
  GMAIL_SAMPLING_ENDING,
  LINK_PREVIEWS,
  MAIL_CLIENTS,
  RAMBLER_AGENT,
  ROBOT_IN_DISGUISE,
  ROBOTS,
  SAMSUNG_PREVIEW_AGENT,
  TEXT_BROWSERS,
} from './data/agents.ts';

export type ClientKind =
  | 'missing'
  | 'bare'
  | 'gmail-prefetch'
  | 'gmail-sampling'
  | 'gmail-actions'
  | 'display-proxy'
  | 'mail-client'
  | 'link-preview'
  | 'scanner'
  | 'robot'
  | 'browser'
  | 'other';

export interface Client {
  readonly kind: ClientKind;
  /** The family inside the kind: `gmail-proxy`, `outlook`, `chrome`… */
  readonly family: string;
  /** Major version of an ordinary Chrome, or of the one inside Edge; absent in webviews and in browsers that only build on it. */
  readonly chromeMajor?: number;
}

const ROBOT: Client = { kind: 'robot', family: 'robot' };
const MISSING: Client = { kind: 'missing', family: 'missing' };
/** No browser's agent comes near it; whatever is longer is cut before it is looked at. */
export const LONGEST_AGENT = 1024;
const MEMO_SIZE = 2_000;
/** Reading an agent is a function of its text alone, and few agents make most hits: remembering is only faster. */
const memo = new Map<string, Client>();

export function clientOf(agent: unknown): Client {
  if (typeof agent !== 'string') return MISSING;
  const known = memo.get(agent);
  if (known !== undefined) return known;
  const client = readClient(agent.slice(0, LONGEST_AGENT).trim());
  if (agent.length <= LONGEST_AGENT) {
    if (memo.size >= MEMO_SIZE) memo.clear();
    memo.set(agent, client);
  }
  return client;
}

function readClient(agent: string): Client {
  if (agent === '' || agent === '-') return MISSING;
  const lower = agent.toLowerCase();
  return exactClient(agent) ?? mailClient(lower) ?? machineClient(lower) ?? browser(agent);
}

/** Agents that are told apart by their exact text. */
function exactClient(agent: string): Client | undefined {
  if (agent === BARE_AGENT) return { kind: 'bare', family: 'bare' };
  if (agent === GMAIL_PREFETCH_AGENT) return { kind: 'gmail-prefetch', family: 'gmail-prefetch' };
  if (agent.endsWith(GMAIL_SAMPLING_ENDING)) return { kind: 'gmail-sampling', family: 'gmail-sampling' };
  if (agent.endsWith(GMAIL_ACTIONS_ENDING)) return { kind: 'gmail-actions', family: 'gmail-actions' };
  if (agent === SAMSUNG_PREVIEW_AGENT) return { kind: 'link-preview', family: 'link-preview' };
  if (agent.startsWith(BARRACUDA_AGENT)) return { kind: 'scanner', family: 'barracuda' };
  return undefined;
}

function mailClient(lower: string): Client | undefined {
  const proxy = DISPLAY_PROXIES.find(([part]) => lower.includes(part));
  if (proxy !== undefined) return { kind: 'display-proxy', family: proxy[1] };
  if (RAMBLER_AGENT.test(lower)) return { kind: 'display-proxy', family: 'rambler-proxy' };
  const named = MAIL_CLIENTS.find(([part]) => lower.includes(part));
  if (named !== undefined) return ROBOT_IN_DISGUISE.test(lower) ? ROBOT : { kind: 'mail-client', family: named[1] };
  if (APPLE_MAIL_WEBKIT.test(lower) || APPLE_MAIL_LOADER.test(lower))
    return { kind: 'mail-client', family: 'apple-mail' };
  return undefined;
}

function machineClient(lower: string): Client | undefined {
  if (LINK_PREVIEWS.test(lower)) return { kind: 'link-preview', family: 'link-preview' };
  if (TEXT_BROWSERS.test(lower)) return { kind: 'browser', family: 'text' };
  if (ROBOTS.test(lower)) return ROBOT;
  return undefined;
}

const BROWSERS: readonly (readonly [string, string])[] = [
  ['Edg', 'edge'],
  ['OPR/', 'opera'],
  ['SamsungBrowser/', 'samsung-internet'],
  ['CriOS/', 'chrome-ios'],
  ['FxiOS/', 'firefox-ios'],
  ['Firefox/', 'firefox'],
  ['Chrome/', 'chrome'],
  ['Safari/', 'safari'],
  ['Trident/', 'internet-explorer'],
  ['MSIE ', 'internet-explorer'],
];

function browser(agent: string): Client {
  const found = BROWSERS.find(([part]) => agent.includes(part));
  if (found === undefined) return { kind: /^(?:Mozilla|Opera)\//.test(agent) ? 'browser' : 'other', family: 'other' };
  return {
    kind: 'browser',
    family: found[1],
    ...(found[1] === 'chrome' || found[1] === 'edge' ? plainChrome(agent) : {}),
  };
}

/** Only agents with nothing but Edge's name behind `Safari/537.36`: webviews and derived browsers have habits of their own. */
function plainChrome(agent: string): Pick<Client, 'chromeMajor'> {
  if (agent.includes('; wv)') || agent.includes('Version/') || agent.includes('Electron/')) return {};
  const match = /Chrome\/(\d{1,4})[\d.]* (?:Mobile )?Safari\/[\d.]+(?: Edge?\/[\d.]+)?$/.exec(agent);
  return match?.[1] === undefined ? {} : { chromeMajor: Number(match[1]) };
}
