/** Verdicts in plain English. A name that is not known here is shown as it came, never guessed at. */
import type { VerdictBody } from '../../../src/contract/verdicts.ts';

const actorNames: Readonly<Record<string, string>> = {
  'apple-mpp': 'Apple Mail Privacy Protection',
  'apple-mail': 'Apple Mail',
  'gmail-proxy': 'Gmail, showing the images',
  'gmail-prefetch': 'Gmail, loading images in advance',
  'gmail-sampling': 'Gmail, sampling links',
  'gmail-actions': 'Gmail’s unsubscribe button',
  'gmail-app': 'the Gmail app',
  google: 'Google’s link scanner',
  'google-scanner': 'Google’s link scanner',
  'microsoft-safelinks': 'Microsoft Safe Links',
  microsoft: 'Microsoft’s link scanner',
  barracuda: 'Barracuda',
  proofpoint: 'Proofpoint',
  mimecast: 'Mimecast',
  cisco: 'Cisco',
  'mail-ru': 'Mail.ru’s scanner',
  'mailru-scanner': 'Mail.ru’s scanner',
  'mail-client': 'a mail program',
  browser: 'a web browser',
  outlook: 'Outlook',
  thunderbird: 'Thunderbird',
  'samsung-email': 'Samsung Email',
  'yahoo-proxy': 'Yahoo Mail, showing the images',
  'superhuman-proxy': 'Superhuman, showing the images',
  'fastmail-proxy': 'Fastmail, showing the images',
  'shortwave-proxy': 'Shortwave, showing the images',
  'seznam-proxy': 'Seznam Email, showing the images',
  'ukrnet-proxy': 'ukr.net, showing the images',
  'rambler-proxy': 'Rambler, showing the images',
  'link-preview': 'a link preview in a chat',
  scanner: 'a security scanner',
  robot: 'a program that is no mail client',
  'http-library': 'a programming library',
  unknown: 'an unknown program',
};

export const actorName = (actor: string): string => actorNames[actor] ?? actor.replaceAll('-', ' ');

export type ActorFamily =
  | 'apple'
  | 'google'
  | 'microsoft'
  | 'shield'
  | 'mail'
  | 'browser'
  | 'robot'
  | 'share'
  | 'unknown';

const families: readonly (readonly [RegExp, ActorFamily])[] = [
  [/^apple/, 'apple'],
  [/^(gmail|google)/, 'google'],
  [/^(microsoft|outlook)/, 'microsoft'],
  [/^(barracuda|proofpoint|mimecast|cisco|scanner|mail-?ru)/, 'shield'],
  [/^link-preview$/, 'share'],
  [/^browser$/, 'browser'],
  [/^(robot|http-library)$/, 'robot'],
  [/^unknown$/, 'unknown'],
];

export const actorFamily = (actor: string): ActorFamily =>
  families.find(([pattern]) => pattern.test(actor))?.[1] ?? 'mail';

type Judged = Pick<VerdictBody, 'verdict' | 'strength'>;

/** How sure, in words that can stand alone. */
export function certaintyOf({ verdict, strength }: Judged): string {
  if (strength === 'certain') return 'Certain';
  if (strength === 'probable') return 'Probable';
  return verdict === 'human' ? 'With doubts' : 'Suspected';
}

export function sentenceOf(judged: Pick<VerdictBody, 'verdict' | 'strength' | 'actor'>): string {
  const who = judged.verdict === 'human' ? 'a person' : 'a machine';
  const actor = actorName(judged.actor);
  const sure = { certain: 'Certainly', probable: 'Probably', suspected: 'Possibly' }[judged.strength];
  if (judged.verdict === 'human' && judged.strength === 'suspected')
    return `Counted as a person, using ${actor}, though something about it looks like a machine`;
  return judged.verdict === 'human' ? `${sure} ${who}, using ${actor}` : `${sure} ${who}: ${actor}`;
}

export const unknowableSentence =
  'The image was loaded in advance, whether or not anybody looked. So this is no proof of an open, and no proof against one.';

export const provisionalSentence =
  'Not final yet. Events of the next minutes may still change it; it settles 15 minutes after the event.';
