/**
 * MTA-STS (RFC 8461): reads the record by which a domain says that it has a policy, the policy itself, and which hosts
 * the policy names. It fetches nothing.
 */

export interface StsPolicy {
  readonly mode: 'enforce' | 'testing' | 'none';
  /** Host names, or patterns that begin with `*.`; lower case. */
  readonly mx: readonly string[];
  readonly maxAgeSeconds: number;
}

/** `unknown`: it says that it has a policy, none was ever fetched, and now it cannot be. */
export type StsState =
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown'; readonly fault: StsFault }
  | { readonly kind: 'policy'; readonly policy: StsPolicy; readonly id: string; readonly fault: StsFault | null };

/** Why the policy cannot be fetched now, as RFC 8460 §4.3.2.2 tells them apart. */
export type StsFault = 'sts-policy-fetch-error' | 'sts-policy-invalid' | 'sts-webpki-invalid';

/** RFC 8461 §3.2: a year is more than anybody may ask for. */
const longestAgeSeconds = 31_557_600;
const mostPatterns = 200;

/** RFC 8461 §3.1: the id of the one record that begins with v=STSv1; null where there is none, or more than one. */
export function readStsRecord(records: readonly string[]): string | null {
  const ours = records.filter((text) => /^v=STSv1[ \t]*;/.test(text));
  const id = /^v=STSv1[ \t]*;(?:[^;]*;)*?[ \t]*id[ \t]*=[ \t]*([A-Za-z0-9]{1,32})[ \t]*(?:;|$)/.exec(
    ours[0] ?? '',
  )?.[1];
  return ours.length === 1 && id !== undefined ? id : null;
}

/** RFC 8461 §3.2: of fields that may stand once the first one holds; null: no policy. */
export function readStsPolicy(text: string): StsPolicy | null {
  const fields = text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map((line) => /^([A-Za-z0-9][A-Za-z0-9_.-]{0,31})[ \t]*:[ \t]*(.*?)[ \t]*$/.exec(line));
  if (fields.some((field) => field === null)) return null;
  const valuesOf = (name: string): string[] => fields.flatMap((field) => (field?.[1] === name ? [field[2] ?? ''] : []));
  const mode = valuesOf('mode')[0];
  const age = valuesOf('max_age')[0] ?? '';
  const mx = valuesOf('mx').map((pattern) => pattern.toLowerCase().replace(/\.$/, ''));
  if (valuesOf('version')[0] !== 'STSv1' || !/^\d{1,10}$/.test(age)) return null;
  if (mode !== 'enforce' && mode !== 'testing' && mode !== 'none') return null;
  if (mode !== 'none' && mx.length === 0) return null;
  if (mx.length > mostPatterns || !mx.every((pattern) => hostPattern.test(pattern))) return null;
  return { mode, mx, maxAgeSeconds: Math.min(Number(age), longestAgeSeconds) };
}

const hostPattern = /^(\*\.)?[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/;

/** RFC 8461 §4.1: an asterisk stands for one label, the leftmost. */
export function namesHost({ mx }: Pick<StsPolicy, 'mx'>, host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  const parent = name.slice(name.indexOf('.') + 1);
  return mx.some((pattern) =>
    pattern.startsWith('*.') ? name.includes('.') && parent === pattern.slice(2) : pattern === name,
  );
}
