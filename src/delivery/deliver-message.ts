/**
 * Delivers one recipient's copy: gathers the facts, decides the protection, renders, transmits, and tells what it came
 * to. It writes nothing to the database and logs no word of the message.
 */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { demandName, type HopEvidence, stsEvidence, type TransportEvidence } from '../core/delivery/evidence.ts';
import type { MailRoute } from '../core/delivery/mail-route.ts';
import { type HostAnswer, mayTryNextHost } from '../core/delivery/next-host.ts';
import type { AttemptEnd } from '../core/delivery/outcome.ts';
import type { Why } from '../core/delivery/reasons.ts';
import { type HopFacts, type HopPlan, planHop, rungOf } from '../core/delivery/transport.ts';
import { mailboxWords } from '../core/message/header-words.ts';
import { render } from '../core/message/index.ts';
import type { TokenKeyring } from '../core/token.ts';
import { oneClickField } from '../core/unsubscribing/one-click-body.ts';
import type { NextHop, Sent, SmtpClient } from '../platform/smtp-client.ts';
import type { Copy } from '../platform/smtp-session.ts';
import type { Sealer } from '../platform/vault.ts';
import { isLetterPlan, type LetterCopy, templateData, writeCopy } from '../templates/index.ts';
import { type TrackingUrls, trackingUrls, unsubscribeUrlOf } from '../tracking/index.ts';
import type { HostHealth } from './host-health.ts';
import type { OpenCopy } from './open-copies.ts';
import { domainOf, type Gateway, type Router, type Station, type Way } from './route.ts';
import { signCopy } from './sign-copy.ts';
import type { Claimed } from './store.ts';
import type { TlsTally } from './tls-tally.ts';

/** What an attempt came to, with all that is to be recorded. */
export interface Attempt {
  readonly claimed: Claimed;
  readonly end: AttemptEnd;
  readonly at: Date;
  readonly host: string | null;
  readonly reply: { readonly code: number; readonly text: string } | null;
  readonly tls: string | null;
  readonly via: 'mx' | 'relay' | null;
  readonly gateway: Gateway | null;
  /** By whose relays it went; null: by none. */
  readonly relay: Pick<MailRoute, 'id'> | null;
  /** Null: no way was found, so that nothing was asked of any. */
  readonly evidence: TransportEvidence | null;
  /** The message's own; null: it was erased meanwhile, and nobody else's words of it are kept. */
  readonly sealer: Sealer | null;
}

export interface Carrier {
  readonly client: SmtpClient;
  readonly router: Router;
  readonly health: HostHealth;
  readonly keys: TokenKeyring;
  readonly unsubscribeKeys: TokenKeyring;
  readonly trackingUrl: string;
  /** Null: no reports about TLS are sent. */
  readonly tally: Pick<TlsTally, 'saw'> | null;
  readonly now: () => Date;
  /** The envelope sender that a copy's bounces come back to us by; null: the message's own. */
  readonly returnPath: ((handle: Uint8Array) => string) | null;
  /** The address by which a copy's recipient unsubscribes by mail; null: nothing comes back to us. */
  readonly unsubscribeMail: ((handle: Uint8Array) => string) | null;
}

/** @param assertMine throws when this process may no longer send the copy; asked at the last moment. */
export async function deliverCopy(carrier: Carrier, copy: OpenCopy, assertMine: () => void): Promise<Attempt> {
  const domain = domainOf(copy.address);
  const { route } = copy.chosen;
  const gateway = carrier.router.gatewayOf(domain, route);
  const way = await carrier.router.wayTo(domain, route);
  if (way.kind === 'none') return untried(carrier, copy, way.end);
  const released = copy.released === null ? {} : { released: copy.released };
  let sentSha256: string | null = null;
  const { sent, hop, tries } = await transmit(carrier, way, copy, {
    from: envelopeFromOf(carrier, copy),
    to: copy.address,
    async render() {
      const bytes = await signCopy(renderCopy(carrier, copy), copy.signingKeys, carrier.now());
      sentSha256 = createHash('sha256').update(bytes).digest('hex');
      assertMine();
      return bytes;
    },
  });
  return {
    claimed: copy.claimed,
    end: sent,
    at: sent.at,
    host: hop?.host ?? null,
    reply: sent.kind === 'taken' || sent.kind === 'refused' ? { code: sent.code, text: sent.reply } : null,
    tls: sent.tls?.protocol ?? null,
    via: way.via,
    gateway: way.via === 'mx' ? gatewayThatAnswered(sent, hop) : await gateway,
    relay: way.via === 'relay' ? { id: route?.id ?? null } : null,
    evidence: {
      ...{ route: routeEvidence(copy.chosen), floor: copy.floor, ...released, mtaSts: stsEvidence(way.sts) },
      ...{ tries, sentSha256 },
    },
    sealer: copy.sealer,
  };
}

const routeEvidence = ({ route, why }: OpenCopy['chosen']) => ({ name: route?.name ?? null, why });

/** The null sender stays: nothing may come back for an auto-reply or a notification (RFC 5321 §4.5.5). */
const envelopeFromOf = ({ returnPath }: Carrier, { message, handle }: OpenCopy): string =>
  message.header.envelopeFrom === '' || returnPath === null ? message.header.envelopeFrom : returnPath(handle);

const untried = (carrier: Carrier, copy: OpenCopy, end: AttemptEnd): Attempt => ({
  claimed: copy.claimed,
  end,
  at: carrier.now(),
  host: null,
  reply: null,
  tls: null,
  via: null,
  gateway: null,
  relay: null,
  evidence: null,
  sealer: copy.sealer,
});

const gatewayThatAnswered = (sent: Sent, hop: NextHop | null): Gateway | null =>
  sent.reached && hop !== null ? { host: hop.host, source: 'delivery' } : null;

interface Transmitted {
  readonly sent: Sent;
  readonly hop: NextHop | null;
  readonly tries: readonly HopEvidence[];
}

/** No further host is begun after this: the lease of a copy is renewed, a place for another is not. */
const hostsForMs = 120_000;

/** The hosts in their order (RFC 5321 §5.1); the next one only while no byte of the message may have arrived. */
async function transmit(
  carrier: Carrier,
  { stations, via }: Extract<Way, { kind: 'hops' }>,
  { floor, released, message }: Pick<OpenCopy, 'floor' | 'released' | 'message'>,
  copy: Copy,
): Promise<Transmitted> {
  const tries: HopEvidence[] = [];
  const beganMs = performance.now();
  let last: Transmitted = { sent: unsent(carrier, 'domain.no_host'), hop: null, tries };
  for (const { key, hop, facts } of carrier.health.arrange(stations)) {
    if (performance.now() - beganMs > hostsForMs) break;
    const plan = planHop(
      message.header.isTlsReport === true ? unasked(facts) : { ...facts, floor: floor.level, released },
    );
    // A host that policy bars is not told of the message: it has answered nothing, and stands in no event.
    if (plan.kind === 'barred') last = { sent: unsent(carrier, plan.why), hop: null, tries };
    else {
      carrier.health.tries(key);
      last = { sent: await carrier.client.send(hop, plan.tls, copy), hop, tries };
      carrier.health.answered(key, answerOf(last.sent));
    }
    tries.push(hopEvidence(facts, plan, last.sent));
    if (via === 'mx' && isIP(facts.host) === 0 && message.header.isTlsReport !== true)
      tallySession(carrier, copy.to, facts, last.sent);
    if (!mayTryNextHost(answerOf(last.sent), via)) return last;
  }
  return last;
}

/** RFC 8460 §3: a report that TLS fails must not fail for that. It holds counts and names of servers alone. */
const unasked = (facts: Station['facts']): HopFacts => ({
  ...facts,
  ...{ floor: 'opportunistic', released: null, sts: { kind: 'none' }, dane: { kind: 'none' } },
});

function tallySession({ tally }: Carrier, to: string, facts: Station['facts'], sent: Sent): void {
  const why = sent.kind === 'failed' ? sent.why : null;
  tally?.saw({ ...sent, domain: domainOf(to), facts, why });
}

const answerOf = (sent: Sent): HostAnswer => ({
  ...{ end: sent, reached: sent.reached, bodyBegan: sent.bodyBegan },
  reply: sent.kind === 'refused' ? sent.reply : '',
});

const unsent = (carrier: Carrier, why: Why): Sent => ({
  ...{
    kind: 'failed',
    why,
    at: carrier.now(),
    tls: null,
    address: null,
    source: null,
    reached: false,
    bodyBegan: false,
    isNew: false,
    toldOf: null,
    tlsBroke: false,
  },
});

function hopEvidence(facts: Station['facts'], plan: HopPlan, sent: Sent): HopEvidence {
  return {
    host: facts.host,
    address: sent.address,
    ...(sent.source === null ? {} : { source: sent.source }),
    ...(sent.toldOf === null ? {} : { toldOf: sent.toldOf.toISOString() }),
    dane: facts.dane.kind,
    grounds: plan.grounds,
    demanded: plan.kind === 'connect' ? demandName(plan.tls) : null,
    tls: sent.tls,
    reached: plan.kind === 'connect' && sent.reached ? rungOf(plan.tls, plan.grounds, sent.tls) : null,
    why: sent.kind === 'failed' || sent.kind === 'impossible' ? sent.why : null,
  };
}

function renderCopy(carrier: Carrier, copy: OpenCopy): Buffer {
  const { header } = copy.message;
  const urls = copy.level === 'off' ? null : trackingUrlsOf(carrier, copy, copy.level);
  const { octets, plan, numberOf } = wordsOf(carrier, copy);
  const rendered = render(octets, plan, {
    openUrl: urls !== null && copy.opens ? urls.open() : null,
    clickUrl: urls !== null && copy.clicks ? (link) => clickUrl(urls, plan.links[link], numberOf(link)) : null,
    honeypotUrl: urls !== null && copy.level === 'identified' ? () => urls.honeypot(plan.links[0] ?? '') : null,
    date: rfc5322Date(copy.acceptedAt),
    messageId: `<${copy.claimed.messageId}@${domainOf(header.envelopeFrom || 'waxwing.invalid')}>`,
    ...(header.ownTo ? { to: toField(copy.address, copy.data.name) } : {}),
    fields: listFields(carrier, copy),
  });
  return Buffer.from(rendered.buffer, rendered.byteOffset, rendered.byteLength);
}

/** What the copy is rendered from: the same for all recipients, or written for this one. */
function wordsOf({ trackingUrl }: Carrier, copy: OpenCopy): LetterCopy {
  const { content, plan, letter } = copy.message;
  if (!isLetterPlan(plan)) return { octets: content, plan, numberOf: (link) => link };
  if (letter === null) throw new Error('a letter was not opened');
  const isTracked = copy.level !== 'off';
  return writeCopy(content, plan, letter.write(templateData(copy.address, copy.data)), {
    opens: isTracked && copy.opens,
    clicks: isTracked && copy.clicks,
    honeypot: copy.level === 'identified',
    trackingUrl: trackingUrl.replace(/\/+$/, ''),
  });
}

/** RFC 8058 §3.1: one https address, and the one pair that a POST to it has to bring; behind it a way for who has mail alone. */
function listFields(carrier: Carrier, { message, claimed, handle }: OpenCopy): [string, string][] {
  const { unsubscribeKeys, trackingUrl, unsubscribeMail } = carrier;
  const { unsubscribe, feedbackId } = message.header;
  const fields: [string, string][] = [];
  // RFC 2369 §3.2, RFC 6068: a subject is filled in, because some programs send no mail without one.
  const byMail = unsubscribeMail === null ? [] : [`<mailto:${unsubscribeMail(handle)}?subject=unsubscribe>`];
  if (unsubscribe !== undefined)
    fields.push([
      'List-Unsubscribe',
      [`<${unsubscribeUrlOf(unsubscribeKeys, trackingUrl, claimed)}>`, ...byMail].join(',\r\n '),
    ]);
  if (unsubscribe === 'both') fields.push(['List-Unsubscribe-Post', `${oneClickField.name}=${oneClickField.value}`]);
  if (feedbackId !== undefined) fields.push(['Feedback-ID', feedbackId]);
  return fields;
}

/** RFC 6532 §3.5: a field in UTF-8 needs SMTPUTF8 on every hop. A domain's ASCII form says the same and needs nothing. */
function toField(address: string, name = ''): string {
  const written = /\P{ASCII}/u.test(address)
    ? `${address.slice(0, address.lastIndexOf('@'))}@${domainOf(address)}`
    : address;
  return mailboxWords(name, written);
}

function trackingUrlsOf(carrier: Carrier, copy: OpenCopy, level: 'anonymous' | 'identified'): TrackingUrls {
  const { accountId, messageId, recipientId } = copy.claimed;
  return trackingUrls(carrier.keys, carrier.trackingUrl, {
    accountId,
    handle: copy.handle,
    subject: level === 'identified' ? { level, messageId, recipientId } : { level, campaignId: copy.campaignId },
  });
}

function clickUrl(urls: TrackingUrls, url: string | undefined, number: number | null): string | null {
  return url === undefined || number === null ? null : urls.click(number, url);
}

/** RFC 5322 §3.3, in UTC. */
const rfc5322Date = (at: Date): string => at.toUTCString().replace('GMT', '+0000');
