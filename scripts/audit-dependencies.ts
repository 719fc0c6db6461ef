/**
 * Asks the registry whether what we depend on has known holes, and fails on high and critical ones. Where the registry
 * does not answer, or answers no audits, it says so and lets the change pass: a machine without a network can build.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export type Audit =
  | { readonly kind: 'sound' }
  | { readonly kind: 'holes'; readonly names: readonly string[] }
  | { readonly kind: 'not-asked'; readonly why: string };

const severe = ['high', 'critical'];

/** Reads what `npm audit --json` says; its exit status does not tell holes from a registry that is away. */
export function readAudit(output: string): Audit {
  let said: { vulnerabilities?: Record<string, { severity?: string }>; message?: unknown };
  try {
    said = JSON.parse(output) as typeof said;
  } catch {
    return { kind: 'not-asked', why: 'npm gave no answer that could be read' };
  }
  if (said.vulnerabilities === undefined)
    return {
      kind: 'not-asked',
      why: typeof said.message === 'string' ? said.message : 'the registry answers no audits',
    };
  const names = Object.entries(said.vulnerabilities)
    .filter(([, { severity }]) => severe.includes(severity ?? ''))
    .map(([name, { severity }]) => `${name} (${severity})`);
  return names.length === 0 ? { kind: 'sound' } : { kind: 'holes', names };
}

function run(): void {
  const { stdout } = spawnSync('npm', ['audit', '--json', '--omit=dev', '--audit-level=high'], {
    cwd: join(import.meta.dirname, '..'),
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  const audit = readAudit(stdout ?? '');
  if (audit.kind === 'sound') console.log('No dependency has a known hole of high or critical severity.');
  if (audit.kind === 'not-asked') console.log(`Dependencies were NOT audited: ${audit.why}.`);
  if (audit.kind !== 'holes') return;
  console.error(`Dependencies with known holes: ${audit.names.join(', ')}. Run npm audit for what to do.`);
  process.exitCode = 1;
}

if (import.meta.main) run();
