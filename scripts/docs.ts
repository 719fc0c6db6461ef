/** Writes the documents that are generated from the code; with `--check` it only says which of them are stale. */
import { readFileSync, writeFileSync } from 'node:fs';
import { rules } from '@waxwing/verdict';
import { configDocument } from '../src/config.ts';
import type { Endpoint } from '../src/contract/endpoint.ts';
import { endpoints } from '../src/contract/endpoints.ts';
import { narrowable, type Permission, permissions, roles } from '../src/contract/permissions.ts';
import { problemKinds } from '../src/contract/problem.ts';
import { describedRoutes } from './routes.ts';

const generated = (script: string): string => `<!-- Written by \`npm run docs\` from ${script}; do not edit. -->\n`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n');
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const errorsDocument = (): string => `${generated('src/contract/problem.ts')}
# Errors

Every refusal is \`application/problem+json\` (RFC 9457) with one of these codes in \`code\`, the faulty fields (never their
values) in \`errors\`, and a \`requestId\`. SMTP replies name the same code in their text. A code never changes its meaning.

${table(
  ['code', 'status', 'what it means', 'what to do'],
  Object.entries(problemKinds).map(([code, { status, title, remedy }]) => [`\`${code}\``, `${status}`, title, remedy]),
)}
`;

const routes = new Map(describedRoutes().map((route) => [route.endpoint, route]));

function permissionCell(endpoint: Endpoint): string {
  const permission = routes.get(endpoint)?.permission ?? 'open';
  const words = { open: 'nobody is asked', session: 'a console session' } as const;
  const asked = permission in words ? words[permission as keyof typeof words] : `\`${permission}\``;
  return endpoint.stepUp === true ? `${asked}, proved anew` : asked;
}

function auditCell(endpoint: Endpoint): string {
  const { always = [], sometimes = [], nothingBecause } = routes.get(endpoint)?.audit ?? {};
  if (nothingBecause !== undefined) return `– ${nothingBecause}`;
  return [...always.map((action) => `\`${action}\``), ...sometimes.map((action) => `(\`${action}\`)`)].join(' ');
}

const routeRow = (endpoint: Endpoint): string[] => [
  `\`${endpoint.method} ${endpoint.path}\``,
  endpoint.summary,
  permissionCell(endpoint),
  auditCell(endpoint),
  endpoint.problems.map((code) => `\`${code}\``).join(' '),
];

const apiDocument = (): string => `${generated('src/contract')}
# API

JSON over HTTP with \`Authorization: Bearer <api key>\`. The running server describes every field at \`GET /openapi.json\`.
Beside the problems listed, every route can answer \`auth.missing\`, \`auth.invalid\`, \`auth.forbidden\`, \`auth.account_wide\`, \`request.malformed\`,
\`request.too_large\`, \`request.rate_limited\`, \`server.unavailable\` and \`server.error\`; see [errors](errors.md).

What a route writes to the [audit log](audit.md) stands beside it, in parentheses what it writes only sometimes; where it
writes nothing, why. *Proved anew*: in the console only within five minutes of a sign-in or another proof.

${table(['route', 'does', 'needs', 'audit entry', 'problems of its own'], endpoints.map(routeRow))}

Without a key: \`GET /healthz\`, \`GET /readyz\`, \`GET /metrics\`, \`GET /openapi.json\`.
`;

const strengths = (rule: (typeof rules)[number]): string =>
  rule.says === 'machine' ? rule.strengths.join(', ') : 'speaks for a person';

const rulesDocument = (): string => `${generated('packages/verdict/src/rules')}
# Rules of the judge

One *certain* signal makes a verdict automated, else one *probable* one; *weak* signals must come from three independent
families, and from two they make a human verdict *suspected*. Evidence for a person cancels weak signals only.

${table(
  ['rule', 'family', 'of', 'strength', 'what it says', 'source'],
  rules.map((rule) => [
    `\`${rule.id}\``,
    rule.says === 'machine' ? rule.family : 'person',
    rule.kinds.join(', '),
    strengths(rule),
    rule.text,
    rule.source,
  ]),
)}
`;

const permissionsDocument = (): string => `${generated('src/contract/permissions.ts')}
# Permissions

Every route asks for one of these (\`open\` ones apart), and \`src/accounts/gate.ts\` alone decides. A role is a template; an API
key may be given a role, exact permissions, or a role narrowed by them, never more than its maker has.

**Narrowed to a department** (people and keys, see [departments](departments.md)): what has a ✓ in the last column holds for
what belongs to their department and those below it; everything else concerns the account as a whole and is refused with
\`auth.account_wide\`.

${Object.entries(roles)
  .map(([name, { about }]) => `- **${name}**: ${about}`)
  .join('\n')}

${table(
  ['permission', 'allows', ...Object.keys(roles), 'narrowed to a department'],
  Object.entries(permissions).map(([name, about]) => [
    `\`${name}\``,
    about,
    ...Object.values(roles).map((role) => (role.permissions.includes(name as Permission) ? '✓' : '')),
    narrowable.includes(name as Permission) ? '✓' : '',
  ]),
)}
`;

const documents: Readonly<Record<string, () => string>> = {
  'docs/config.md': configDocument,
  'docs/errors.md': errorsDocument,
  'docs/api.md': apiDocument,
  'docs/rules.md': rulesDocument,
  'docs/permissions.md': permissionsDocument,
};

function isStale([path, write]: [string, () => string]): boolean {
  try {
    return readFileSync(path, 'utf8') !== write();
  } catch {
    return true;
  }
}

const stale = Object.entries(documents).filter(isStale);
if (process.argv.includes('--check')) {
  for (const [path] of stale) console.error(`${path} is stale: run npm run docs`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const [path, write] of stale) writeFileSync(path, write());
  console.log(stale.length === 0 ? 'every document is up to date' : `wrote ${stale.map(([path]) => path).join(', ')}`);
}
