/**
 * Asks a validating resolver one question and says whether DNSSEC vouches for the answer. Over UDP, again over TCP when
 * the answer does not fit. It keeps nothing and never throws.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import {
  type Answer,
  AUTHENTIC_DATA,
  type DecodedPacket,
  decode,
  encode,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from 'dns-packet';

export type RecordType = 'A' | 'AAAA' | 'CNAME' | 'MX' | 'TLSA';

/** `none`: the name, or records of this type, do not exist. `failed`: no answer, or one that the resolver rejects as bogus. */
export type SecureAnswer =
  | { readonly kind: 'answer'; readonly isSecure: boolean; readonly records: readonly Answer[] }
  | { readonly kind: 'none'; readonly isSecure: boolean }
  | { readonly kind: 'failed' };

export interface QueryOptions {
  /** `address` or `address:port`, asked in turn. */
  readonly servers: readonly string[];
  readonly timeoutMs: number;
}

const headerBytes = 12;
const replyBit = 0x80_00;
const nxdomain = 3;
const failed: SecureAnswer = { kind: 'failed' };

/** A packet may be lost: who says nothing is asked once more. */
const rounds = 2;

export async function askSecurely(options: QueryOptions, name: string, type: RecordType): Promise<SecureAnswer> {
  let silent = options.servers.map(placeOf);
  for (let round = 0; round < rounds; round += 1) {
    const still: Place[] = [];
    for (const place of silent) {
      const answer = await askServer(place, name, type, options.timeoutMs);
      if (answer === null) still.push(place);
      else if (answer.kind !== 'failed') return answer;
    }
    silent = still;
  }
  return failed;
}

/** Null: no answer came. */
async function askServer(
  place: Place,
  name: string,
  type: RecordType,
  timeoutMs: number,
): Promise<SecureAnswer | null> {
  const id = randomInt(0x1_00_00);
  // RFC 6840 §5.7: with AD in the question the resolver tells in the answer whether it validated it.
  const question = encode({
    ...{ type: 'query', id, flags: RECURSION_DESIRED | AUTHENTIC_DATA, questions: [{ type, name }] },
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: 1232,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ],
  });
  const isOurs = (packet: DecodedPacket): boolean =>
    packet.id === id &&
    packet.questions?.[0]?.type === type &&
    packet.questions[0].name.toLowerCase().replace(/\.$/, '') === name.toLowerCase().replace(/\.$/, '');
  const byUdp = await overUdp(place, question, timeoutMs, (bytes) => readUdp(bytes, id, isOurs));
  const packet = byUdp === 'cut' ? await overTcp(place, question, timeoutMs, isOurs) : byUdp;
  return packet === null ? null : answerOf(packet);
}

/** Null: it is none of ours. `cut`: the rest is to be had over TCP (RFC 1035 §4.2.1), and what came may end within a record. */
function readUdp(bytes: Buffer, id: number, isOurs: Recognise): DecodedPacket | 'cut' | null {
  const isReply =
    bytes.length >= headerBytes && bytes.readUInt16BE(0) === id && (bytes.readUInt16BE(2) & replyBit) !== 0;
  if (!isReply) return null;
  if ((bytes.readUInt16BE(2) & TRUNCATED_RESPONSE) !== 0) return 'cut';
  const packet = decoded(bytes);
  return packet !== null && isOurs(packet) ? packet : null;
}

function answerOf(packet: DecodedPacket): SecureAnswer {
  const flags = packet.flags ?? 0;
  const code = flags & 0xf;
  const isSecure = (flags & AUTHENTIC_DATA) !== 0;
  if (code === nxdomain) return { kind: 'none', isSecure };
  if (code !== 0) return failed;
  const records = packet.answers ?? [];
  return records.length === 0 ? { kind: 'none', isSecure } : { kind: 'answer', isSecure, records };
}

interface Place {
  readonly host: string;
  readonly port: number;
}

function placeOf(server: string): Place {
  const [, six, four, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(server) ?? [];
  return { host: six ?? four ?? server, port: port === undefined ? 53 : Number(port) };
}

type Recognise = (packet: DecodedPacket) => boolean;

function overUdp<T>(
  place: Place,
  question: Buffer,
  timeoutMs: number,
  read: (bytes: Buffer) => T | null,
): Promise<T | null> {
  return new Promise((resolve) => {
    const socket = createSocket(place.host.includes(':') ? 'udp6' : 'udp4');
    let isOver = false;
    const end = (packet: T | null): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      socket.close();
      resolve(packet);
    };
    const timer = setTimeout(() => end(null), timeoutMs);
    socket.on('error', () => end(null));
    // Connected: the kernel drops what comes from elsewhere.
    socket.connect(place.port, place.host, () => {
      socket.on('message', (bytes) => {
        const packet = read(bytes);
        if (packet !== null) end(packet);
      });
      socket.send(question);
    });
  });
}

/** RFC 1035 §4.2.2: two octets of length, then the message. */
function overTcp(place: Place, question: Buffer, timeoutMs: number, isOurs: Recognise): Promise<DecodedPacket | null> {
  return new Promise((resolve) => {
    const socket = connect({ ...place, timeout: timeoutMs });
    let received = Buffer.alloc(0);
    const end = (packet: DecodedPacket | null): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(packet);
    };
    const timer = setTimeout(() => end(null), timeoutMs);
    socket.on('error', () => end(null));
    socket.on('close', () => end(null));
    socket.on('connect', () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(question.length);
      socket.write(Buffer.concat([length, question]));
    });
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const needed = received.length < 2 ? 2 : 2 + received.readUInt16BE(0);
      if (received.length < needed || needed === 2) return;
      const packet = decoded(received.subarray(2, needed));
      end(packet !== null && isOurs(packet) ? packet : null);
    });
  });
}

function decoded(bytes: Buffer): DecodedPacket | null {
  try {
    return decode(bytes);
  } catch {
    return null;
  }
}
