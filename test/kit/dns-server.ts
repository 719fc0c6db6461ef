/**
 * A small DNS server on a loopback port that knows what a test tells it. An absent name is NXDOMAIN; a name without the
 * asked type is an empty answer; `silent` names are never answered.
 */
import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import {
  type Answer,
  AUTHENTIC_DATA,
  decode,
  encode,
  type Question,
  streamDecode,
  streamEncode,
  type TlsaData,
  TRUNCATED_RESPONSE,
} from 'dns-packet';

export interface Zone {
  readonly mx?: readonly { readonly preference: number; readonly exchange: string }[];
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  readonly txt?: readonly string[];
  readonly tlsa?: readonly TlsaData[];
  /** A validating resolver would vouch for it (the AD bit, for who asks for it). */
  readonly secure?: boolean;
  readonly ptr?: string;
  /** Another name; what is known of that one comes with the answer, and both must be secure to be vouched for. */
  readonly cname?: string;
  /** Over UDP an answer comes without its records (`empty`) or breaks off within one, and whole over TCP alone. */
  readonly cut?: 'empty' | 'within';
  /** So many questions over UDP are lost before one is answered. */
  readonly losesFirst?: number;
  /** The code of the answer instead of what is known: 5 is REFUSED. */
  readonly rcode?: number;
  /** Never answers, as an unreachable server does not. */
  readonly silent?: boolean;
  /** Answers SERVFAIL. */
  readonly broken?: boolean;
  /** Answers SERVFAIL for these types alone. */
  readonly brokenTypes?: readonly string[];
}

export interface DnsServer {
  /** As node:dns takes it: address and port. */
  readonly address: string;
  readonly port: number;
  /** How often a name was asked, of any type. */
  readonly asked: (name: string) => number;
  readonly tell: (name: string, zone: Zone) => void;
  readonly close: () => Promise<void>;
}

const authoritative = 1 << 10;
const servfail = 2;
const nxdomain = 3;
const ttlSeconds = 60;

type Packet = Parameters<typeof encode>[0];

export async function startDnsServer(zones: Readonly<Record<string, Zone>>): Promise<DnsServer> {
  const known = new Map(Object.entries(zones));
  const counts = new Map<string, number>();
  const losses = new Map<Zone, number>();
  const isLost = (zone: Zone): boolean => {
    const count = losses.get(zone) ?? 0;
    losses.set(zone, count + 1);
    return count < (zone.losesFirst ?? 0);
  };
  const answerTo = (query: Packet, isTcp: boolean): { packet: Packet; cut: Zone['cut'] } | null => {
    const question = query.questions?.[0];
    if (question === undefined) return null;
    const name = question.name.toLowerCase();
    counts.set(name, (counts.get(name) ?? 0) + 1);
    const zone = known.get(name);
    if (zone?.silent || (zone !== undefined && !isTcp && isLost(zone))) return null;
    const cut = isTcp ? undefined : zone?.cut;
    return { cut, packet: reply(query, question, resolved(known, question, zone), cut) };
  };
  const { udp, tcp } = await openSockets();
  udp.on('message', (bytes, from) => {
    const answer = answerTo(decode(bytes), false);
    if (answer === null) return;
    const whole = encode(answer.packet);
    udp.send(answer.cut === 'within' ? whole.subarray(0, -3) : whole, from.port, from.address);
  });
  tcp.on('connection', (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes: Buffer) => {
      const answer = answerTo(streamDecode(bytes), true);
      if (answer !== null) socket.end(streamEncode(answer.packet));
    });
  });
  const { port } = udp.address();
  return {
    address: `127.0.0.1:${port}`,
    port,
    asked: (name) => counts.get(name) ?? 0,
    tell: (name, zone) => known.set(name, zone),
    close: () =>
      new Promise((resolve) => {
        tcp.close();
        udp.close(() => resolve());
      }),
  };
}

/** The same port of both kinds: the second may be taken, then another pair is tried. */
async function openSockets(): Promise<{ udp: Socket; tcp: Server }> {
  for (;;) {
    const udp = createSocket('udp4');
    await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
    const tcp = createServer();
    const isOpen = await new Promise<boolean>((resolve) => {
      tcp.once('error', () => resolve(false));
      tcp.listen(udp.address().port, '127.0.0.1', () => resolve(true));
    });
    if (isOpen) return { udp, tcp };
    udp.close();
  }
}

function reply(query: Packet, question: Question, found: Resolved, cut: Zone['cut']): Packet {
  const isVouched = found.isSecure && ((query.flags ?? 0) & AUTHENTIC_DATA) !== 0;
  const flags =
    authoritative | found.code | (isVouched ? AUTHENTIC_DATA : 0) | (cut === undefined ? 0 : TRUNCATED_RESPONSE);
  const answers = cut === 'empty' ? [] : found.answers;
  return { type: 'response', id: query.id ?? 0, flags, questions: [question], answers };
}

interface Resolved {
  readonly code: number;
  readonly answers: Answer[];
  readonly isSecure: boolean;
}

function resolved(known: ReadonlyMap<string, Zone>, question: Question, zone: Zone | undefined): Resolved {
  if (zone === undefined) return { code: nxdomain, answers: [], isSecure: false };
  const isSecure = zone.secure === true;
  if (zone.rcode !== undefined) return { code: zone.rcode, answers: [], isSecure };
  if (zone.broken === true || zone.brokenTypes?.includes(question.type) === true)
    return { code: servfail, answers: [], isSecure };
  if (zone.cname === undefined) return { code: 0, answers: answersOf(question, zone), isSecure };
  const alias: Answer = { type: 'CNAME', name: question.name, ttl: ttlSeconds, data: zone.cname };
  if (question.type === 'CNAME') return { code: 0, answers: [alias], isSecure };
  const target = resolved(known, { ...question, name: zone.cname }, known.get(zone.cname));
  return { ...target, answers: [alias, ...target.answers], isSecure: isSecure && target.isSecure };
}

function answersOf(question: Question, zone: Zone): Answer[] {
  const { name } = question;
  if (question.type === 'MX')
    return (zone.mx ?? []).map((data) => ({ type: 'MX', name, ttl: ttlSeconds, data: { ...data } }));
  if (question.type === 'A') return (zone.a ?? []).map((data) => ({ type: 'A', name, ttl: ttlSeconds, data }));
  if (question.type === 'AAAA') return (zone.aaaa ?? []).map((data) => ({ type: 'AAAA', name, ttl: ttlSeconds, data }));
  // RFC 1035 §3.3.14: strings of at most 255 octets.
  if (question.type === 'TXT')
    return (zone.txt ?? []).map((text) => ({ type: 'TXT', name, ttl: 1, data: text.match(/.{1,255}/g) ?? [''] }));
  if (question.type === 'PTR' && zone.ptr !== undefined) return [{ type: 'PTR', name, ttl: 1, data: zone.ptr }];
  if (question.type === 'TLSA') return (zone.tlsa ?? []).map((data) => ({ type: 'TLSA', name, ttl: 1, data }));
  return [];
}
