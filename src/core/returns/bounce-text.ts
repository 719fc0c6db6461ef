/**
 * Finds a bounce or a warning in the words of those servers that write no RFC 3464 report: qmail, old Exchange and
 * Sendmail, Exim, Domino, GroupWise, Yahoo, webmail providers. It looks at what stands above the returned message.
 */

import { type Fields, first, type OpenMail } from './open-mail.ts';
import type { BounceKind } from './reason.ts';
import { bounceKindOf } from './reason.ts';

export interface BounceText {
  readonly isWarning: boolean;
  readonly kind: BounceKind;
  readonly status: string | null;
  /** What the server said, as far as it can be told from the rest. */
  readonly said: string | null;
}

const daemons =
  /(?:^|[<\s"])(?:mailer-?daemon|mailer|mail-?daemon|maildaemon|postmaster|mdaemon|bounces?|mail ?delivery|mail-?admin|mmdf|smtp|internet mail delivery|system administrator|administrator|nobody|root|delivery|amavis\w*|listserv|error|smtp_mail_service)(?:[\\@\s">]|$)|mail (?:delivery|transport) (?:sub)?system|delivery (?:subsystem|notification)|antispam|mail administrator/i;

const bounceSubjects =
  /undeliver|not deliver|could ?n[o']t (?:be )?(?:deliver|send)|delivery (?:status )?(?:notification|failure|failed|report|error|problem|has failed|unsuccessful|status)|failure (?:notice|notification|delivery)|fail(?:ed|ure) (?:mail|delivery|to deliver)|deliver(?:y|ing)?[^\n]{0,30}(?:fail|error|problem|impossible)|return(?:ed|ing) (?:mail|message|to sender|e-?mail|undeliverable)|mail (?:delivery )?(?:fail|error|return|system error)|message (?:delivery )?(?:fail|not delivered|returned|status|delay)|non[ -]?(?:delivery|deliver|remise|recapitabile)|bounce|ndn:|unable to deliver|user unknown|unknown (?:user|recipient|address)|rejected (?:mail|message)|mail (?:could not|cannot) be|warning: (?:could not|message|mail)|delayed|mailbox (?:full|unavailable)|unzustellbar|nicht zustellbar|zustellung|non remis|échec|no se (?:ha )?(?:pudo|puede) entregar|no entregado|devuelto|mancato recapito|mancata consegna|onbestelbaar|niet (?:bezorgd|afgeleverd)|olevererat|недоставл|не доставлен|退信|配信|送信できません|nondeliverable|error delivering|problem delivering|delivery to|quota|mail not|invalid (?:address|recipient)/i;

const failing =
  /could ?n[o']t be (?:deliver|sent|found|reached)|cannot be (?:deliver|sent)|can ?n?[o']t deliver|(?:un|not )able to (?:be )?deliver|was(?:n't| not) (?:able to be )?(?:deliver|sent|accepted)|(?:has|have) not (?:been )?(?:deliver|reach|sent)|did(?:n't| not) reach|not be delivered|undeliver|delivery (?:to the following|has failed|failed|error|failure|attempt)|(?:fatal|permanent) (?:fatal )?error|permanent (?:failure|error)|failed (?:for|to deliver|recipient|address|delivery|permanently)|(?:is|was|been) (?:rejected|returned|refused|bounced)|returned (?:to you|mail|message|unopened)|user unknown|unknown (?:user|recipient|local)|no such (?:user|account|address|recipient|mailbox|local user)|mailbox (?:is )?(?:full|unavailable|not found|does)|over ?quota|does(?:n't| not) exist|(?:^|\s)5\d\d[ -]\S|\b5\.\d\.\d{1,2}\b|account (?:is |has been )?(?:closed|disabled|inactive|suspended|expired)|invalid (?:recipient|address|user|mailbox)|not listed in|no longer|konnte nicht|n'a pas pu|no (?:se )?ha podido|no pudo|impossibile|kon niet|недоставл|не удалось|非配信|无法/i;

const warning =
  /warning message only|you do(?:n't| not) need to resend|(?:^|\W)(?:transient|temporary)[- ](?:non-?fatal )?(?:error|failure|problem|delivery)|(?:message|mail|delivery)[^\n]{0,60}(?:has|have|is|been|be)? ?(?:being |been )?delayed|not (?:yet )?been (?:delivered|collected) (?:yet|after)|been postponed|will (?:be (?:retried|attempted|tried)|continue|keep (?:on )?try|try again|retry)|still (?:being )?(?:trying|tried|attempt)|no action is required|delivery attempts will continue|delay(?:ed)? (?:for|notification|delivery)|(?:wird|werden) (?:es )?weiter(?:hin)? versuch|has not yet been delivered|this is a warning|nicht notwendig/i;

const finality =
  /failed because|gave up|giving up|given up|i'm not going to try|will not (?:be )?(?:retr|try)|no further attempts?|permanent|retry time(?:out)? (?:exceeded|not reached)|maximum|for too long|returned/i;

/** What only a warning says, whatever it adds of the day when it will have given up. */
const goesOn =
  /no action is required|delivery attempts will continue|do(?:n't| not) need to resend|has not yet been delivered/i;

/** Where the copy of our own message begins. */
const original =
  /^(?:[-=_* >]{2,} ?(?:below this line|enclosed is|included is|original|returned|this is a copy|unsent|forwarded|the following is|message (?:header|text)|headers?|begin|start|copy of|the (?:unsent )?header|here is|undelivered|text of|your (?:original )?message|the body|transcript of (?:the )?message|the original)[^\n]*|[-=_* ]*(?:the )?(?:original|returned|unsent) (?:mail|message|e-?mail)(?: follows| text| headers?)?[^\n]{0,20}[-=_:* ]*|received: (?:from|by|\()[^\n]*|return-path:[^\n]*|message headers? follow[^\n]*|headers of the original message[^\n]*)$/im;

export function readBounceText(mail: OpenMail, subject: string): BounceText | null {
  const { fields } = mail;
  const isMarked = fields.has('x-failed-recipients') || fields.has('x-mailer-daemon');
  const isDaemon = isDaemonMail(fields);
  const isTitled = bounceSubjects.test(subject);
  if (!isMarked && !isDaemon && !isTitled) return null;
  const words = wordsAbove(mail);
  const flat = words.replace(/\s+/g, ' ');
  const isFailing = failing.test(words) || failing.test(flat);
  const mayWarn = warning.test(`${subject}\n${words}`) || warning.test(flat);
  if (!isFailing && !mayWarn && !isMarked && !(isDaemon && isTitled)) return null;
  // A person may write about a returned parcel; a title alone is believed only of a server's own mail.
  if (!isMarked && !isDaemon && !hasEvidence(words)) return null;
  const said = transcriptOf(words);
  const status = /\b([45]\.\d{1,3}\.\d{1,3})\b(?!\.\d)/.exec(said ?? words)?.[1] ?? null;
  const saidKind = bounceKindOf({ status, words: said ?? words });
  return {
    isWarning: mayWarn && (goesOn.test(flat) || !finality.test(words)),
    kind: saidKind === 'unknown' ? bounceKindOf({ status, words }) : saidKind,
    status,
    said,
  };
}

function isDaemonMail(fields: Fields): boolean {
  const path = first(fields, 'return-path') ?? '';
  return daemons.test(first(fields, 'from') ?? '') || path.trim() === '<>' || daemons.test(path);
}

const hasEvidence = (words: string): boolean =>
  /\b[45]\d\d[ -]|(?:error|code) [45]\d\d\b|failed recipient|\b[45]\.\d\.\d|<?[\w.+-]+@[\w.-]+>?[^\n]{0,80}(?:unknown|fail|reject|unavailable|not found|full|quota|undeliver|does not exist)|(?:following|these) (?:address|recipient|user)|could not be delivered|user unknown|undeliver/i.test(
    words,
  );

const maxWords = 16_384;

/** The first readable text, up to the returned message. */
function wordsAbove({ leaves }: OpenMail): string {
  const plain = leaves.filter(({ type }) => type === 'text/plain');
  const html = leaves.find(({ type }) => type === 'text/html');
  const text = plain.length > 0 ? plain.map((leaf) => leaf.text).join('\n') : tagless(html?.text ?? '');
  const from = text.slice(0, maxWords).replace(/[’‘´`]/g, "'");
  const at = original.exec(from)?.index ?? -1;
  return at > 40 ? from.slice(0, at) : from;
}

const tagless = (html: string): string =>
  html
    .slice(0, 4 * maxWords)
    .replace(/<(?:style|script)\b[\s\S]{0,50000}?<\/(?:style|script)>/gi, ' ')
    .replace(/<(?:br|\/p|\/div|\/tr|\/li)\b[^>]{0,200}>/gi, '\n')
    .replace(/<[^<>]{0,2000}>/g, ' ')
    .replace(/&nbsp;/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&');

/** Lines that speak a server's language, each with what follows it. */
function transcriptOf(words: string): string | null {
  const lines = words.split(/\r?\n/);
  const at = lines.findIndex((line) =>
    /(?:^|[\s<:(#])[45]\d\d[- ]\S|\b[45]\.\d{1,3}\.\d{1,3}\b|said:|reason:|error:/i.test(line),
  );
  if (at < 0) return null;
  return lines
    .slice(at, at + 6)
    .map((line) => line.trim())
    .join('\n')
    .trim()
    .slice(0, 1_000);
}
