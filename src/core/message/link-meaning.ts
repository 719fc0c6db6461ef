/**
 * Whether a link lets its reader leave or choose: unsubscribe, opt-out, preferences. Such links are never rewritten.
 * In doubt it says yes: an uncounted click costs a number, a detour on the way out costs trust.
 */
import {
  genericTexts,
  leavingPhrases,
  leavingUrlWords,
  mailUrlWords,
  mailWords,
  managingWords,
  neutralUrlWords,
  preferenceUrlWords,
  preferenceWords,
  settingUrlWords,
  settingWords,
} from './link-words.ts';

// Folding takes Hangul syllables apart, so the pattern must be as well; it leaves the other words as they are.
const leaving = new RegExp(Object.values(leavingPhrases).join('|').normalize('NFD'));
const preferences = new RegExp(preferenceWords);
const settings = new RegExp(settingWords);
const managing = new RegExp(managingWords);
const mailing = new RegExp(mailWords);
const strokes: Readonly<Record<string, string>> = { ø: 'o', ł: 'l', đ: 'd', ı: 'i', æ: 'ae', ß: 'ss', '’': "'" };

/** A longer text is a teaser or a whole paragraph, not the name of a link. */
const labelLengthMax = 160;

/** Lower case, accents off, white space single: what the word lists are written in. */
export function foldText(text: string): string {
  let folded = text.toLowerCase();
  if (!isAscii(folded)) folded = foldAccents(folded);
  return folded.replace(/\s+/g, ' ').trim();
}

function foldAccents(lower: string): string {
  return lower
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .replace(/[øłđıæß’]/g, (char) => strokes[char] ?? char);
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** `text` is what the link reads (images by their alternative text), `around` the sentence it stands in, asked for only when needed. */
export function isLeavingText(text: string, around: () => string): boolean {
  const folded = foldText(text);
  if (folded.length > labelLengthMax) return false;
  if (leaving.test(folded) || isAboutPreferences(folded)) return true;
  if (!genericTexts.test(folded)) return false;
  const sentence = foldText(around());
  return leaving.test(sentence) || isAboutPreferences(sentence);
}

function isAboutPreferences(folded: string): boolean {
  const hasPreference = preferences.test(folded);
  if (!hasPreference && !settings.test(folded)) return false;
  if (managing.test(folded) || mailing.test(folded)) return true;
  return hasPreference && (!folded.includes(' ') || /cent(?:er|re)/.test(folded));
}

// Nearly every address fails this one test.
const hint = new RegExp(
  ['unsubscri', 'opt.?out', 'pref', 'setting', 'cent(?:er|re)', 'subscription', 'profile', ...leavingUrlWords].join(
    '|',
  ),
  'i',
);

/** By host, path, query and fragment; an article *about* unsubscribing has more words in its address. */
export function isLeavingUrl(url: string): boolean {
  if (!hint.test(url)) return false;
  const rest = url.slice(url.indexOf('//') + 2);
  const hostEnd = rest.search(/[/?#]/);
  const host = hostEnd < 0 ? rest : rest.slice(0, hostEnd);
  if (isLeavingPiece(host.slice(0, host.indexOf('.')))) return true;
  if (hostEnd < 0) return false;
  return rest
    .slice(hostEnd)
    .split(/[/?#&=;]/)
    .some(isLeavingPiece);
}

const pieceWordsMax = 4;

function isLeavingPiece(piece: string): boolean {
  if (piece.length < 4 || piece.length > 80) return false;
  const words = piece
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word.length > 1);
  if (words.length === 0 || words.length > pieceWordsMax) return false;
  if (words.some((word) => word.includes('unsubscri') || leavingUrlWords.has(word))) return true;
  if (words.join(' ').includes('opt out')) return true;
  return isPreferencePiece(words);
}

function isPreferencePiece(words: readonly string[]): boolean {
  const isKnown = (word: string) =>
    preferenceUrlWords.has(word) || settingUrlWords.has(word) || mailUrlWords.has(word) || neutralUrlWords.has(word);
  if (!words.every(isKnown)) return false;
  if (words.some((word) => preferenceUrlWords.has(word))) return true;
  return words.some(
    (word) => settingUrlWords.has(word) && words.some((other) => other !== word && mailUrlWords.has(other)),
  );
}

/** RFC 2369 §3.2: the addresses in angle brackets, folds and spaces inside them removed. */
export function listUnsubscribeUrls(value: string): string[] {
  const urls: string[] = [];
  let at = value.indexOf('<');
  while (at >= 0) {
    const end = value.indexOf('>', at);
    if (end < 0) break;
    urls.push(value.slice(at + 1, end).replace(/\s+/g, ''));
    at = value.indexOf('<', end);
  }
  return urls;
}
