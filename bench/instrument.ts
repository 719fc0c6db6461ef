/**
 * Measures instrumenting a 50 kB newsletter with 40 links (read, plan, render) beside parsing the same octets with postal-mime.
 * Both run in turns in one process, so that the ratio means something on a busy machine too.
 */
import PostalMime from 'postal-mime';
import { instrument } from '../src/core/message/instrument.ts';
import { type ReadMessage, readMessage } from '../src/core/message/read-message.ts';
import { render } from '../src/core/message/render.ts';

export interface InstrumentMeasure {
  /** read + plan + render ÷ postal-mime; the bar is 1.5. */
  readonly ratio: number;
  readonly instrumentMs: number;
  readonly renderOnlyMs: number;
  readonly postalMimeMs: number;
  readonly rendersPerSecond: number;
  readonly messageBytes: number;
  readonly links: number;
}

export type NewsletterEncoding = '8bit' | 'quoted-printable' | 'base64';

const linkCount = 40;

/** An invented newsletter as multipart/alternative, its HTML about `htmlBytes` long. */
export function makeNewsletter(encoding: NewsletterEncoding, htmlBytes = 50_000): Uint8Array {
  const html = makeHtml(htmlBytes);
  const text = 'Guten Tag,\r\nsehen Sie die Neuigkeiten der Praxis am See im Netz.\r\n'.repeat(20);
  return Buffer.from(
    [
      'From: "Praxis am See" <post@praxis.example>',
      'To: Ana Muster <ana@example.org>',
      'Subject: =?utf-8?Q?Neues_f=C3=BCr_Sie?=',
      'Date: Sun, 22 Nov 2026 10:00:00 +0100',
      'Message-ID: <newsletter-1@praxis.example>',
      'MIME-Version: 1.0',
      'List-Unsubscribe: <https://praxis.example/u/1>',
      'Content-Type: multipart/alternative; boundary="=_frontier"',
      '',
      '--=_frontier',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 8bit',
      '',
      text,
      '--=_frontier',
      'Content-Type: text/html; charset=utf-8',
      `Content-Transfer-Encoding: ${encoding}`,
      '',
      encode(html, encoding),
      '--=_frontier--',
      '',
    ].join('\r\n'),
  );
}

function makeHtml(htmlBytes: number): string {
  const cell = (link: number) =>
    `<td style="padding: 12px 24px; font-family: 'Helvetica Neue', Arial; font-size: 15px" data-note="a > b">\r\n` +
    `  <a href="https://praxis.example/artikel/${link}?quelle=brief&amp;woche=47" style="color: #14505c">Artikel ${link} für Sie</a>\r\n</td>`;
  const filler =
    '<p style="margin: 0 0 12px 0; line-height: 1.5">Wir haben auch samstags geöffnet, rufen Sie uns an.</p>\r\n';
  const rows = Array.from({ length: linkCount }, (_, link) => `<tr>\r\n${cell(link)}\r\n</tr>\r\n`);
  const fixedBytes = rows.join('').length;
  const fillers = Math.max(0, Math.ceil((htmlBytes - fixedBytes) / filler.length / linkCount));
  const body = rows.map((row) => row.replace('</td>', `${filler.repeat(fillers)}</td>`)).join('');
  return `<!DOCTYPE html>\r\n<html><head><title>Brief</title>\r\n<style>td { color: #222 }</style></head>\r\n<body><table>\r\n${body}</table></body></html>\r\n`;
}

function encode(html: string, encoding: NewsletterEncoding): string {
  if (encoding === '8bit') return html;
  if (encoding === 'base64') return Buffer.from(html).toString('base64').replace(/.{76}/g, '$&\r\n');
  return html.split('\r\n').map(encodeQuotedPrintableLine).join('\r\n');
}

function encodeQuotedPrintableLine(line: string): string {
  const octets = [...Buffer.from(line)];
  let encoded = '';
  let column = 0;
  for (const octet of octets) {
    const isPlain = octet >= 0x20 && octet < 0x7f && octet !== 0x3d;
    const piece = isPlain ? String.fromCharCode(octet) : `=${octet.toString(16).toUpperCase().padStart(2, '0')}`;
    if (column + piece.length > 75) {
      encoded += '=\r\n';
      column = 0;
    }
    encoded += piece;
    column += piece.length;
  }
  return encoded;
}

// The length of a sealed token that carries such a destination.
const token = 'Z'.repeat(180);

function instrumentOnce(octets: Uint8Array): Uint8Array {
  const message = read(octets);
  return render(octets, instrument(message, { opens: true, clicks: true }), values);
}

const values = {
  clickUrl: (link: number) => `https://t.praxis.example/c/${token}${link}`,
  openUrl: `https://t.praxis.example/o/${token.slice(0, 80)}`,
};

function read(octets: Uint8Array): ReadMessage {
  const message = readMessage(octets);
  if (message.kind === 'refused') throw new Error(message.code);
  return message;
}

export async function measureInstrument(
  encoding: NewsletterEncoding = 'quoted-printable',
  rounds = 400,
): Promise<InstrumentMeasure> {
  const octets = makeNewsletter(encoding);
  const plan = instrument(read(octets), { opens: true, clicks: true });
  const tasks: (() => unknown)[] = [
    () => instrumentOnce(octets),
    () => render(octets, plan, values),
    () => PostalMime.parse(octets),
  ];
  const [instrumentMs = 0, renderOnlyMs = 0, postalMimeMs = 0] = await medians(tasks, rounds);
  return {
    ratio: instrumentMs / postalMimeMs,
    instrumentMs,
    renderOnlyMs,
    postalMimeMs,
    rendersPerSecond: 1_000 / renderOnlyMs,
    messageBytes: octets.length,
    links: plan.links.length,
  };
}

async function medians(tasks: readonly (() => unknown)[], rounds: number): Promise<number[]> {
  const times = tasks.map((): number[] => []);
  // As many rounds again, so that both are compiled even where cores are scarce.
  const warmUpRounds = rounds;
  for (let round = 0; round < rounds + warmUpRounds; round++) {
    for (const [index, task] of tasks.entries()) {
      const start = performance.now();
      await task();
      if (round >= warmUpRounds) times[index]?.push(performance.now() - start);
    }
  }
  return times.map((list) => list.toSorted((a, b) => a - b)[list.length >> 1] ?? 0);
}

if (import.meta.main) {
  for (const encoding of ['8bit', 'quoted-printable', 'base64'] as const)
    console.log(JSON.stringify({ bench: 'instrument', encoding, ...(await measureInstrument(encoding)) }));
}
