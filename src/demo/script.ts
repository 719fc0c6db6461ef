/**
 * What people and machines do with a message that reached a mailbox, and when: the play's script. Each act is one real
 * HTTP request, with the address and headers such a visitor really has and the truth about who it is.
 */
import type { Mailbox, Patient } from './audience.ts';

export interface Act {
  readonly patient: Patient;
  /** Seconds after the message was delivered. */
  readonly afterS: number;
  readonly kind: 'open' | 'click';
  /** Which of the message's tracked links, for a click. */
  readonly link: number;
  readonly method: 'GET' | 'HEAD';
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly truth: 'person' | 'machine';
  readonly who: string;
  /** The visitor garbles the token, as some scanners do to see whether a link is personal. */
  readonly damaged?: boolean;
}

type Chance = () => number;
type Visitor = Pick<Act, 'address' | 'headers' | 'truth' | 'who'>;

const minute = 60;
const hour = 3600;
const agents = {
  chrome:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  oldChrome:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.117 Safari/537.36',
  safariPhone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1',
  androidChrome:
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36',
  firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  thunderbird: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.5.0',
  outlook:
    'Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/8.0; .NET4.0C; .NET4.0E; Microsoft Outlook 16.0.17928; ms-office; MSOffice 16)',
  googleProxy: 'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)',
  googlePrefetch:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0',
  yahooProxy: 'YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html',
  slack: 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
} as const;

const browserHeaders = (userAgent: string, mobile = false): Record<string, string> => ({
  'user-agent': userAgent,
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'accept-language': 'en-GB,en;q=0.9',
  'sec-fetch-site': 'none',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-user': '?1',
  'sec-fetch-dest': 'document',
  ...(userAgent.includes('Chrome/')
    ? {
        'sec-ch-ua': '"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"',
        'sec-ch-ua-mobile': mobile ? '?1' : '?0',
        'sec-ch-ua-platform': mobile ? '"Android"' : '"Windows"',
      }
    : {}),
});

const imageHeaders = (userAgent: string): Record<string, string> => ({
  'user-agent': userAgent,
  accept: 'image/avif,image/webp,image/png,image/*;q=0.8,*/*;q=0.5',
});

const host = (chance: Chance): number => 1 + Math.floor(chance() * 250);
const seconds = (chance: Chance, from: number, to: number): number => from + chance() * (to - from);
/** Most people look within hours, some the next morning. */
const readingTime = (chance: Chance): number =>
  chance() < 0.7 ? seconds(chance, 2 * minute, 6 * hour) : seconds(chance, 6 * hour, 23 * hour);
/** Home connections of the documentation ranges (RFC 5737): nobody lives there. */
const homeAddress = (chance: Chance): string => `203.0.113.${host(chance)}`;

const machine = (who: string, address: string, headers: Record<string, string>): Visitor => ({
  who,
  address,
  headers,
  truth: 'machine',
});
const person = (who: string, address: string, headers: Record<string, string>): Visitor => ({
  who,
  address,
  headers,
  truth: 'person',
});

const visit = (
  patient: Patient,
  kind: Act['kind'],
  afterS: number,
  visitor: Visitor,
  more: Partial<Act> = {},
): Act => ({
  patient,
  kind,
  afterS,
  link: 0,
  method: 'GET',
  ...visitor,
  ...more,
});

/** A scanner opens everything at once: the pixel, then every link within about a second. */
function detonation(patient: Patient, startS: number, links: number, scanner: Visitor, chance: Chance): Act[] {
  const clicks = Array.from({ length: links }, (_, link) =>
    visit(patient, 'click', startS + 0.2 + chance(), scanner, { link }),
  );
  return [visit(patient, 'open', startS, scanner), ...clicks];
}

function reading(patient: Patient, chance: Chance, opener: Visitor | null, clicker: Visitor): Act[] {
  if (!patient.reads) return [];
  const openS = readingTime(chance);
  const opened = opener === null ? [] : [visit(patient, 'open', openS, opener)];
  if (!patient.clicks) return opened;
  const firstLink = chance() < 0.7 ? 0 : Math.floor(chance() * 6);
  const clicked = [visit(patient, 'click', openS + seconds(chance, 4, 90), clicker, { link: firstLink })];
  if (chance() < 0.25) {
    clicked.push(visit(patient, 'click', openS + seconds(chance, 100, 400), clicker, { link: (firstLink + 1) % 6 }));
  }
  return [...opened, ...clicked];
}

type Scene = (patient: Patient, chance: Chance, links: number) => Act[];

const scenes: Record<Mailbox, Scene> = {
  'apple-private': (patient, chance) => {
    const egress = `172.225.${host(chance)}.${host(chance)}`;
    const prefetch = machine('Apple Mail Privacy', egress, { 'user-agent': 'Mozilla/5.0', accept: 'image/*' });
    const relay = person(
      'Safari by Private Relay',
      `104.28.${host(chance) % 100}.${host(chance)}`,
      browserHeaders(agents.safariPhone),
    );
    return [
      ...(chance() < 0.94 ? [visit(patient, 'open', seconds(chance, 3 * minute, 5 * hour), prefetch)] : []),
      // what a person sees comes from Apple's cache: their own look leaves no trace
      ...reading(patient, chance, null, relay),
    ];
  },
  gmail: (patient, chance) => {
    const proxy = `66.249.${80 + (host(chance) % 16)}.${host(chance)}`;
    const prefetch = machine('Gmail prefetch', proxy, {
      ...imageHeaders(agents.googlePrefetch),
      referer: 'http://mail.google.com/',
    });
    return [
      ...(chance() < 0.3 ? [visit(patient, 'open', seconds(chance, 5, 40), prefetch)] : []),
      ...reading(
        patient,
        chance,
        person('Gmail reader', proxy, imageHeaders(agents.googleProxy)),
        person('Chrome on Android', homeAddress(chance), browserHeaders(agents.androidChrome, true)),
      ),
    ];
  },
  'safe-links': (patient, chance, links) => {
    const scanner = machine('Safe Links', `40.94.${host(chance)}.${host(chance)}`, {
      'user-agent': agents.oldChrome,
      accept: '*/*',
    });
    const office = `198.51.100.${1 + (host(chance) % 4)}`;
    return [
      ...(chance() < 0.85 ? detonation(patient, seconds(chance, 20, 60), links, scanner, chance) : []),
      ...reading(
        patient,
        chance,
        person('Outlook', office, imageHeaders(agents.outlook)),
        person('Chrome at work', office, browserHeaders(agents.chrome)),
      ),
    ];
  },
  proofpoint: (patient, chance, links) => {
    const scanner = machine('Proofpoint', `67.231.${144 + (host(chance) % 16)}.${host(chance)}`, {
      'user-agent': agents.oldChrome,
      accept: '*/*',
    });
    const office = `198.51.100.${100 + (host(chance) % 3)}`;
    const burst = detonation(patient, seconds(chance, 30, 55), links, scanner, chance);
    return [
      ...(chance() < 0.9
        ? burst.map((act, number) => (number === 1 && chance() < 0.3 ? { ...act, damaged: true } : act))
        : []),
      ...reading(
        patient,
        chance,
        person('Outlook', office, imageHeaders(agents.outlook)),
        person('Chrome at work', office, browserHeaders(agents.chrome)),
      ),
    ];
  },
  barracuda: (patient, chance, links) => {
    const scanner = machine('Barracuda', `64.235.${144 + (host(chance) % 16)}.${host(chance)}`, {
      'user-agent': agents.chrome,
      accept: '*/*',
    });
    const checks = Array.from({ length: links }, (_, link) =>
      visit(patient, 'click', 50 + link * 0.4, scanner, { link, method: 'HEAD' }),
    );
    return [
      ...(chance() < 0.8 ? checks : []),
      ...reading(
        patient,
        chance,
        person('Outlook', homeAddress(chance), imageHeaders(agents.outlook)),
        person('Firefox', homeAddress(chance), browserHeaders(agents.firefox)),
      ),
    ];
  },
  yahoo: (patient, chance) =>
    reading(
      patient,
      chance,
      person('Yahoo reader', `98.137.${host(chance)}.${host(chance)}`, imageHeaders(agents.yahooProxy)),
      person('Safari on iPhone', homeAddress(chance), browserHeaders(agents.safariPhone)),
    ),
  thunderbird: (patient, chance) => {
    const home = homeAddress(chance);
    const read = reading(
      patient,
      chance,
      person('Thunderbird', home, imageHeaders(agents.thunderbird)),
      person('Firefox', home, browserHeaders(agents.firefox)),
    );
    const last = read.at(-1);
    // some people pass a link on; the chat program looks at it before anyone does
    return last?.kind === 'click' && chance() < 0.3
      ? [
          ...read,
          visit(
            patient,
            'click',
            last.afterS + 300,
            machine('Slack preview', '54.90.10.20', { 'user-agent': agents.slack, accept: '*/*' }),
            { link: last.link },
          ),
        ]
      : read;
  },
  /** Reads at once, through a VPN that leaves from a data centre: the person whom a careless filter loses. */
  travelling: (patient, chance) => {
    const vpn = `52.95.${100 + (host(chance) % 20)}.${host(chance)}`;
    const soonS = seconds(chance, 12, 50);
    const reader = person('Fast reader on a VPN', vpn, imageHeaders(agents.thunderbird));
    const clicker = person('Fast clicker on a VPN', vpn, browserHeaders(agents.firefox));
    return [
      ...(patient.reads ? [visit(patient, 'open', soonS, reader)] : []),
      ...(patient.clicks ? [visit(patient, 'click', soonS + seconds(chance, 5, 25), clicker)] : []),
    ];
  },
  'images-off': (patient, chance) =>
    reading(patient, chance, null, person('Firefox', homeAddress(chance), browserHeaders(agents.firefox))),
};

/** All acts of the play in the order in which they happen. */
export function writeScript(audience: readonly Patient[], linksPerMessage: number, chance: Chance): Act[] {
  return audience
    .flatMap((patient) => scenes[patient.mailbox](patient, chance, linksPerMessage))
    .sort((a, b) => a.afterS - b.afterS);
}
