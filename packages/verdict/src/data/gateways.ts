/** Which mail gateway stands behind an MX host. It tells what scanner to expect; it is never a verdict. */

export type Gateway =
  | 'proofpoint'
  | 'mimecast'
  | 'barracuda'
  | 'microsoft'
  | 'google'
  | 'cisco'
  | 'broadcom'
  | 'apple'
  | 'yahoo';

const SUFFIXES: readonly (readonly [string, Gateway])[] = [
  ['.pphosted.com', 'proofpoint'],
  ['.mimecast.com', 'mimecast'],
  ['.barracudanetworks.com', 'barracuda'],
  ['.mail.protection.outlook.com', 'microsoft'],
  ['.aspmx.l.google.com', 'google'],
  ['.smtp.google.com', 'google'],
  ['.iphmx.com', 'cisco'],
  ['.messagelabs.com', 'broadcom'],
  ['.mail.icloud.com', 'apple'],
  ['.yahoodns.net', 'yahoo'],
];

/** Case and a trailing dot do not matter. */
export function gatewayOf(mx: string): Gateway | undefined {
  const host = `.${mx.trim().toLowerCase().replace(/\.$/, '')}`;
  return SUFFIXES.find(([suffix]) => host.endsWith(suffix))?.[1];
}
