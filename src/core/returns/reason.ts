/**
 * Decides from a server's words and codes why a copy came back: a dead address, a full mailbox, a block, a policy, or
 * something that passes. Words decide before codes, because servers say 5.7.1 and 5.0.0 of almost anything.
 */

export const bounceKinds = {
  hard: 'The address or its domain does not exist, or takes no mail for good.',
  full: 'The mailbox is full, or the person is over a limit.',
  blocked: 'The receiving server does not take mail from our address or domain: reputation, a block list or a rate.',
  policy: 'The receiving server refused the message for what it is: its content, or a rule of theirs.',
  'too-large': 'The message is larger than the receiving server takes.',
  soft: 'The receiving server could not be reached or was out of order for too long.',
  unknown: 'The receiving server refused the message and did not say why in words that we know.',
} as const;
export type BounceKind = keyof typeof bounceKinds;

export interface Findings {
  /** RFC 3463, as given in a field or found in the words. */
  readonly status: string | null;
  readonly words: string;
}

/** The first that fits. Full, large and blocked come before dead: their sentences often speak of a `user` too. */
const sayings: readonly (readonly [kind: BounceKind, pattern: RegExp])[] = [
  [
    'full',
    /(mailbox|mail ?box|inbox|maildrop|account|mailfolder|user'?s? (mail)?(box|folder|disk)?)[^\n.;]{0,60}\b(is |was |are )?(full|over[- ]?(its |the |his |her )?(quota|limit)|too large|exceed)|over ?quota|quota[^\n.;]{0,30}(exceed|full|reached)|exceed[^\n.;]{0,60}(quota|storage|space|mailbox size|disk)|(insufficient|not enough|no) (disk |storage |system |mailbox )?(space|storage)|out of (disk )?space|disk full|mailbox size limit|postfach (ist )?(voll|überfüllt)|speicherplatz|buz[oó]n lleno|cuota|bo[iî]te (aux lettres )?(est )?pleine|casella piena|storage limit|full mail ?box|mail ?box full|(mail|disk|storage) quota|quota violation|receiving limit|has exhausted allowed storage/i,
  ],
  [
    'too-large',
    /message (is |was )?(too (big|large|long)|size exceed|length exceed|larger than|exceeds? (the )?(maximum|fixed|allowed|size))|exceeds? (the |its )?(maximum |max )?(fixed |allowed )?message size|size (of (the )?message )?exceeds|(file|mail|attachment) (is )?too (big|large)|maximum (allowed )?(message|mail|file) size|message size limit|exceeds (the )?size limit|exceed\w* (the )?(maximum|max\.?) (\w+ ){0,2}(message|mail) size/i,
  ],
  [
    'blocked',
    /spamhaus|barracuda|sorbs|spamcop|uceprotect|proofpoint|senderbase|rbl\b|dnsbl|(black|block|deny)[- ]?list|blocked (using|by|for|due)|client host[^\n]{0,60}(rejected|blocked)|(your|sending|this) (ip|host|server|mta|network)[^\n.;]{0,60}(block|ban|reject|list|reputation|not (allowed|permitted|authori[sz]ed))|poor (sender |ip |domain )?reputation|bad reputation|low reputation|reputation[^\n]{0,30}(low|poor|bad)|too many (connections|messages|emails|recipients|errors|invalid)|rate[- ]?limit|throttl|temporarily deferred due to|\[?(TS|S\d{4}|RP-|CXBL|AUP#|IB\d)\d*\]|unsolicited mail originating from your ip|reverse (dns|lookup)|ptr record|no reverse|access denied, banned|banned sending ip/i,
  ],
  [
    'hard',
    /(user|recipient|mailbox|account|address|adress|alias|person|employee|customer|destinatario|destinataire|empf[äa]nger|benutzer|usuario|utilisateur|utente|mail ?drop|e-?mail|login|addressee|name)[^\n.;:]{0,60}(unknown|not (be )?(found|known|exist|valid|listed|recogni[sz]ed|a (valid|known)|have an?|our customer)|does ?n[o']t exist|do not exist|doesn't have|no longer|is invalid|invalid|unavailable for good|inactive|disabled|deactivated|suspended|discontinued|closed|terminated|expired|unbekannt|existiert nicht|nicht (gefunden|bekannt|vorhanden)|no existe|inconnu|n'existe pas|sconosciut|inesistente|unrouteable)|(unknown|invalid|bad|no such|non-?existent|nonexist\w*|unrecogni[sz]ed|illegal|inactive|unrouteable|undeliverable|incorrect|ung[üu]ltige?|unbekannte[rn]?) (local[- ]part|local user|user|recipient|mail ?box|account|address|adress|alias|addressee|domain|host|person|destination|e-?mail|empf[äa]nger|benutzer|login|local address|local|name|mail drop|receiver)|no (mail ?box|such|user|account|recipient|alias|mailbox here) ?(here|by that name|found|with that|is available|exists?|matching|such)?|not a (valid|known) (user|recipient|mailbox|address|mail ?box)|no longer (works|employed|here|active|in use|available|valid|accept|on (this )?server|with|at)|has moved|left the (company|organi[sz]ation)|does(n't| not) (have|like) (an?|this) ?(\S+ ){0,2}(account|recipient|mailbox|user)|(host|domain|name)[^\n;]{0,40}(not found|unknown|does not exist|not exist|no such)|host or domain name not found|name or service not known|nxdomain|no (mx|a) record|couldn't find any host|this user doesn't have|account (has been )?(disabled|suspended|closed|deleted|deactivated)|recipnotfound|recipient ?not ?found|addressee unknown|delivery to this (address|recipient) is not|relay access denied: recipient|not listed in (the )?(domino directory|.{0,20}directory)|not (a )?(listed|local) (user|recipient)|unable to find (a )?(user|recipient|account)|failed recipient|does not (accept|receive) (e-?)?mail|null ?mx|mailbox (is )?(unavailable|not available|disabled|inactive|not found)|recipient (address )?rejected: (user|access denied|undeliverable|unverified|no such)|unrouteable|user (is )?(not|n't) (found|known|local|registered|on this)|(invalid|unknown|no such) [^\n]{0,30}user ?id\b|inv[áa]lido|n'existe pas|non recens[ée]|無効|存在しません|ユーザ.{0,12}(不明|見つかり)|不存在|无效/i,
  ],
  [
    'policy',
    /\bspam\b|\bspammy|junk mail|bulk mail|unsolicited|virus|malware|phish|(content|message|mail|attachment|url|link)[^\n.;]{0,40}(reject|refused|denied|block|not (allowed|accepted|permitted)|filter|quarantin|prohibit|policy)|polic(y|ies)|dmarc|\bspf\b|\bdkim\b|unauthenticated|authentication (failed|required|check)|not authori[sz]ed|relay(ing)? (access )?(denied|not (allowed|permitted)|is prohibited|prohibited)|unable to relay|cannot relay|access denied|permission denied|administrative(ly)? (prohibit|den)|prohibited|sender (address )?(rejected|denied|verify|refused)|refused by|closed (mailing )?list|only (members|subscribers)|moderat|not (permitted|allowed) to (send|post|submit)|restricted|rejected for|not accepting (mail|messages|e-?mail) from/i,
  ],
  [
    'soft',
    /time[d]?[ -]?out|timeout|temporar|try (again|later)|retry (time(out)?|limit)|connection (refused|reset|lost|dropped|closed|failed|timed)|could not connect|couldn't connect|unable to connect|not connected|network (is )?unreachable|host (is )?(unreachable|down|not reachable)|no route to host|expired|too long|greylist|graylist|resources|service (not|un)available|not responding|did not respond|no answer|unreachable|server (is )?(busy|down|unavailable|error)|local (configuration )?error|loop|too many hops|hop count|i\/o error|internal error|system (error|problem)|name ?server|dns|maximum (time|retr)|gave up|giving up|unable to deliver|not reachable|delivery failed \d+ attempts|could not find a gateway|not (been )?collected|\d+(\.\d+)? (days|hours?)\b/i,
  ],
];

/** RFC 3463 §3: subject.detail, where it says something by itself. */
const details: Readonly<Record<string, BounceKind>> = {
  ...{ '1.0': 'hard', '1.1': 'hard', '1.2': 'hard', '1.3': 'hard', '1.4': 'hard', '1.6': 'hard', '1.10': 'hard' },
  ...{
    '2.1': 'hard',
    '2.2': 'full',
    '2.3': 'too-large',
    '2.4': 'soft',
    '2.0': 'unknown',
    '1.8': 'policy',
    '1.7': 'policy',
  },
  ...{ '3.1': 'full', '3.4': 'too-large', '3.0': 'soft', '3.2': 'soft', '3.3': 'soft', '3.5': 'soft' },
  ...{
    '4.0': 'soft',
    '4.1': 'soft',
    '4.2': 'soft',
    '4.3': 'soft',
    '4.4': 'soft',
    '4.5': 'soft',
    '4.6': 'soft',
    '4.7': 'soft',
  },
};

export function bounceKindOf({ status, words }: Findings): BounceKind {
  const text = words
    .slice(0, 8_192)
    .replace(/\s+/g, ' ')
    .replace(/[’‘´`]/g, "'");
  const said = sayings.find(([, pattern]) => pattern.test(text))?.[0];
  const coded = kindOfStatus(status);
  // A registered detail about the address or the mailbox is more than a turn of phrase (RFC 3463 §3.2, §3.3).
  const kind =
    coded === 'hard' && (said === undefined || said === 'policy' || said === 'soft') ? 'hard' : (said ?? coded);
  // Nobody is dead for a while: a server that only could not tell, or greylists, says 4.x.x of unknown users too.
  return kind === 'hard' && status?.startsWith('4') ? 'soft' : kind;
}

function kindOfStatus(status: string | null): BounceKind {
  const [group, subject, detail] = (status ?? '').split('.');
  if (subject === undefined || detail === undefined) return 'unknown';
  const known = details[`${subject}.${detail}`];
  if (known !== undefined) return known;
  if (subject === '7') return 'policy';
  if (subject === '6') return 'policy';
  if (subject === '4' || group === '4') return 'soft';
  return 'unknown';
}
