/**
 * Reads a report about TLS that somebody sent (RFC 8460 §4.4): strictly where it counts, cut to size where it only tells.
 * Whoever sent it may have made it up. It never throws.
 */
import { type TlsFailure, tlsFailures } from '../delivery/tls-session.ts';

export interface ReadReport {
  readonly reporter: string;
  readonly contact: string | null;
  readonly id: string;
  /** The UTC day on which its range begins, `2026-11-22`. */
  readonly day: string;
  readonly policies: readonly ReadPolicy[];
}

export interface ReadPolicy {
  readonly type: 'tlsa' | 'sts' | 'no-policy-found';
  readonly domain: string;
  readonly succeeded: number;
  readonly failed: number;
  readonly failures: readonly ReadFailure[];
}

export interface ReadFailure {
  /** `other`: of a kind that RFC 8460 does not name. */
  readonly result: TlsFailure | 'other';
  readonly sessions: number;
  readonly host: string | null;
  readonly address: string | null;
  readonly reason: string | null;
}

const mostPolicies = 100;
const mostFailures = 100;
const mostSessions = 1_000_000_000_000;
const deepest = 12;

/** Null: it is no such report. */
export function readReport(json: string): ReadReport | null {
  if (isTooDeep(json)) return null;
  const report = parsed(json);
  const range = objectOf(report?.['date-range']);
  const reporter = words(report?.['organization-name'], 200);
  const id = words(report?.['report-id'], 300);
  const day = dayOf(range?.['start-datetime']);
  const policies = report?.['policies'];
  if (reporter === null || id === null || day === null || dayOf(range?.['end-datetime']) === null) return null;
  if (!Array.isArray(policies) || policies.length === 0 || policies.length > mostPolicies) return null;
  const read = policies.map(readPolicy);
  if (!read.every((one) => one !== null)) return null;
  return { reporter, contact: words(report?.['contact-info'], 200), id, day, policies: read };
}

type Fields = Readonly<Record<string, unknown>>;

const objectOf = (value: unknown): Fields | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;

function parsed(json: string): Fields | null {
  try {
    return objectOf(JSON.parse(json));
  } catch {
    return null;
  }
}

/** Before it is parsed: nothing that is to be read lies deep. */
function isTooDeep(json: string): boolean {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < json.length; at += 1) {
    const letter = json[at];
    if (isText && letter === '\\') at += 1;
    else if (letter === '"') isText = !isText;
    else if (!isText && (letter === '{' || letter === '[')) depth += 1;
    else if (!isText && (letter === '}' || letter === ']')) depth -= 1;
    if (depth > deepest) return true;
  }
  return false;
}

function readPolicy(value: unknown): ReadPolicy | null {
  const fields = objectOf(value);
  const policy = objectOf(fields?.['policy']);
  const summary = objectOf(fields?.['summary']);
  const type = policy?.['policy-type'];
  const domain = words(policy?.['policy-domain'], 253)?.toLowerCase().replace(/\.$/, '') ?? null;
  const succeeded = countOf(summary?.['total-successful-session-count']);
  const failed = countOf(summary?.['total-failure-session-count']);
  if (type !== 'tlsa' && type !== 'sts' && type !== 'no-policy-found') return null;
  if (domain === null || succeeded === null || failed === null) return null;
  const details = fields?.['failure-details'];
  const failures = Array.isArray(details)
    ? details.slice(0, mostFailures).flatMap((one) => readFailure(one) ?? [])
    : [];
  return { type, domain, succeeded, failed, failures };
}

function readFailure(value: unknown): ReadFailure | null {
  const fields = objectOf(value);
  const sessions = countOf(fields?.['failed-session-count']);
  if (fields === null || sessions === null) return null;
  return {
    result: tlsFailures.find((known) => known === fields['result-type']) ?? 'other',
    sessions,
    host: words(fields['receiving-mx-hostname'], 253),
    address: words(fields['receiving-ip'], 45),
    reason: words(fields['failure-reason-code'] ?? fields['failure-error-code'], 200),
  };
}

const countOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= mostSessions ? value : null;

/** One line that can be shown anywhere. */
function words(value: unknown, most: number): string | null {
  if (typeof value !== 'string') return null;
  const line = value
    .slice(0, most * 2)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, most)
    .trim();
  return line === '' ? null : line;
}

function dayOf(value: unknown): string | null {
  const found = typeof value === 'string' ? /^(\d{4}-\d{2}-\d{2})[Tt ]\d{2}:\d{2}:\d{2}/.exec(value) : null;
  const day = found?.[1] ?? null;
  return day !== null && isDay(day) ? day : null;
}

function isDay(day: string): boolean {
  const [year = 0, month = 0, date = 0] = day.split('-').map(Number);
  const lengths = [
    31,
    year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28,
    31,
    30,
    31,
    30,
    31,
    31,
    30,
    31,
    30,
    31,
  ];
  return year >= 2000 && month >= 1 && date >= 1 && date <= (lengths[month - 1] ?? 0);
}
