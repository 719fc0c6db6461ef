/**
 * A small DNS server on a loopback port that knows what a test tells it. An absent name is NXDOMAIN; a name without the
 * asked type is an empty answer; `silent` names are never answered.
 */
import { createSocket } from 'node:dgram';
import { type Answer, AUTHENTIC_DATA, decode, encode, type Question, type TlsaData } from 'dns-packet';

export interface Zone {
  readonly mx?: readonly { readonly preference: number; readonly exchange: string }[];
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  readonly txt?: readonly string[];
  readonly tlsa?: readonly TlsaData[];
  /** A validating resolver would vouch for it (the AD bit, for who asks for it). */
  readonly secure?: boolean;
  readonly ptr?: string;
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

export async function startDnsServer(zones: Readonly<Record<string, Zone>>): Promise<DnsServer> {
  const known = new Map(Object.entries(zones));
  const counts = new Map<string, number>();
  const socket = createSocket('udp4');
  socket.on('message', (bytes, from) => {
    const query = decode(bytes);
    const question = query.questions?.[0];
    if (question === undefined) return;
    const name = question.name.toLowerCase();
    counts.set(name, (counts.get(name) ?? 0) + 1);
    const zone = known.get(name);
    if (zone?.silent) return;
    const isBroken = zone?.broken === true || zone?.brokenTypes?.includes(question.type) === true;
    const code = zone === undefined ? nxdomain : isBroken ? servfail : 0;
    const isVouched = zone?.secure === true && ((query.flags ?? 0) & AUTHENTIC_DATA) !== 0;
    const flags = authoritative | code | (isVouched ? AUTHENTIC_DATA : 0);
    const answers = zone === undefined || isBroken ? [] : answersOf(question, zone);
    socket.send(
      encode({ type: 'response', id: query.id ?? 0, flags, questions: [question], answers }),
      from.port,
      from.address,
    );
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  return {
    address: `127.0.0.1:${port}`,
    port,
    asked: (name) => counts.get(name) ?? 0,
    tell: (name, zone) => known.set(name, zone),
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
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
