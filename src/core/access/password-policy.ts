/**
 * Decides whether a password may be chosen: by its length and by what everybody guesses first, never by which kinds of
 * characters it has. NIST SP 800-63B-4 §3.1.1.2. The list of known passwords is handed in.
 */
export const passwordLength = { min: 12, max: 256 } as const;

type Judgement =
  | { readonly kind: 'fine' }
  | { readonly kind: 'refused'; readonly why: 'too_short' | 'too_long' | 'common' | 'about_you' };

interface Surroundings {
  /** Lower-case. */
  readonly knownPasswords: ReadonlySet<string>;
  /** What a stranger knows of the user: address, names. */
  readonly ownWords: readonly string[];
}

export function judgePassword(password: string, { knownPasswords, ownWords }: Surroundings): Judgement {
  const lengthInCharacters = [...password].length;
  if (lengthInCharacters < passwordLength.min) return { kind: 'refused', why: 'too_short' };
  if (lengthInCharacters > passwordLength.max) return { kind: 'refused', why: 'too_long' };
  const plain = password.normalize('NFKC').toLowerCase();
  const bare = withoutPadding(plain);
  if (isOwn(plain, bare, ownWords)) return { kind: 'refused', why: 'about_you' };
  const isCommon = [plain, bare, unitOf(plain), unitOf(bare)].some((form) => knownPasswords.has(form));
  return isCommon || unitOf(plain).length <= 4 || isRun(plain) ? { kind: 'refused', why: 'common' } : { kind: 'fine' };
}

/** `password2026!!` is guessed as soon as `password`. */
const withoutPadding = (text: string): string => text.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');

/** The piece that a text repeats: `abc` of `abcabcabc`; the text itself when it repeats nothing. */
function unitOf(text: string): string {
  const period = `${text}${text}`.indexOf(text, 1);
  return period > 0 ? text.slice(0, period) : text;
}

/** `abcdefghijkl`, `210987654321`: each character the neighbour of the one before, round the end of the digits too. */
function isRun(text: string): boolean {
  const steps = [...text].slice(1).map((character, index) => character.charCodeAt(0) - text.charCodeAt(index));
  const isUp = steps.every((step) => step === 1 || step === -9);
  return isUp || steps.every((step) => step === -1 || step === 9);
}

function isOwn(plain: string, bare: string, ownWords: readonly string[]): boolean {
  const squeeze = (text: string): string => text.replace(/[^\p{L}\p{N}]+/gu, '');
  return ownWords
    .map((word) => word.normalize('NFKC').toLowerCase())
    .filter((word) => word.length >= 3)
    .some((word) => [plain, bare].includes(word) || [squeeze(plain), squeeze(bare)].includes(squeeze(word)));
}
