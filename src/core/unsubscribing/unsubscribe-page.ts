/**
 * The pages of an unsubscribe link, for a person who follows it: one that asks and one that says it is done. They name the
 * organisation and no recipient, fetch nothing, run no script, and change nothing until the button is pressed.
 */
import { oneClickField, pageField } from './one-click-body.ts';

export interface PageWords {
  /** Null: not known here, as before the first look at the database. */
  readonly organisation: string | null;
  /** The organisation's own, plain text; null: ours alone. */
  readonly words: string | null;
}

export type PageStep = 'ask' | 'done' | 'not-understood';

/** Of the same bytes in every page, so that a policy can name them by their hash. */
export const pageStyle = `
:root{color-scheme:light dark}
body{font:1.0625rem/1.6 system-ui,sans-serif;margin:0;background:#f4f6f8;color:#16202b}
main{max-width:34rem;margin:12vh auto 2rem;padding:2rem;background:#fff;border-radius:.75rem;box-sizing:border-box}
h1{font-size:1.5rem;line-height:1.3;margin:0 0 1rem;overflow-wrap:anywhere}
p{margin:0 0 1rem;overflow-wrap:anywhere;white-space:pre-line}
button{font:inherit;font-weight:600;padding:.75rem 1.5rem;min-height:3rem;border:0;border-radius:.5rem;background:#0b5a82;color:#fff;cursor:pointer}
button:hover{background:#084563}
button:focus-visible{outline:3px solid #0b5a82;outline-offset:3px}
@media (max-width:40rem){main{margin:0;min-height:100vh;border-radius:0}}
@media (prefers-color-scheme:dark){body{background:#10161c;color:#e6ebf0}main{background:#19222b}button{background:#8fcbee;color:#0d1a24}button:hover{background:#b3dcf4}button:focus-visible{outline-color:#8fcbee}}
`;

const steps: Readonly<Record<PageStep, (from: string) => { title: string; text: string }>> = {
  ask: (from) => ({
    title: `Unsubscribe from mail ${from}?`,
    text: 'You will get no more newsletters and other mass mail from this organisation at the address to which this message was sent. Messages about your own matters still come.',
  }),
  done: (from) => ({
    title: 'You are unsubscribed.',
    text: `You will get no more newsletters and other mass mail ${from}. Something that is already on its way may still arrive. Messages about your own matters still come.`,
  }),
  'not-understood': (from) => ({
    title: `Unsubscribe from mail ${from}?`,
    text: 'Nothing was changed: the request did not say what it wants. Press the button to unsubscribe.',
  }),
};

export function unsubscribePage(step: PageStep, { organisation, words }: PageWords): string {
  const { title, text } = steps[step](organisation === null ? 'of this sender' : `of ${organisation}`);
  const own = words === null ? '' : `<p>${escaped(words)}</p>\n`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>${escaped(title)}</title>
<style>${pageStyle}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
<p>${escaped(text)}</p>
${own}${step === 'done' ? '' : form}</main>
</body>
</html>
`;
}

/** Without an action it goes where it came from. */
const form = `<form method="post">
<input type="hidden" name="${oneClickField.name}" value="${oneClickField.value}">
<button type="submit" name="${pageField.name}" value="${pageField.value}">Unsubscribe</button>
</form>
`;

const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => references[char] ?? char);
