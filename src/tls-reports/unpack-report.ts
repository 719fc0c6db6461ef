/** Unpacks and reads a report about TLS within limits. It never throws and keeps nothing. */
import { gunzipSync } from 'node:zlib';
import { type ReadReport, readReport } from '../core/tls-reports/read-report.ts';

const mostBytes = 1024 * 1024;

/** Null: it is no such report. */
export function unpackReport(bytes: Buffer): ReadReport | null {
  const json = unpacked(bytes);
  return json === null ? null : readReport(json);
}

/** A small file may unpack to a very large one: then it is none of ours. */
function unpacked(bytes: Buffer): string | null {
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isPacked && bytes.length > mostBytes) return null;
  try {
    return (isPacked ? gunzipSync(bytes, { maxOutputLength: mostBytes }) : bytes).toString('utf8');
  } catch {
    return null;
  }
}
