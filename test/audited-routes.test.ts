/** Every route of the running program, called so that it does what it is for: the audit log has what the route says, and no more. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { describedRoutes } from '../scripts/routes.ts';
import { endpoints } from '../src/contract/endpoints.ts';
import type { Route } from '../src/platform/route.ts';
import type { RouteCall } from './kit/route-call.ts';
import { calledElsewhere, routeCalls } from './kit/route-calls.ts';
import { openStage, type Stage } from './kit/route-stage.ts';

let stage: Stage;
before(async () => {
  stage = await openStage();
});
after(() => stage?.close());

/** They look like changes, and change nothing but a challenge, a proposal, somebody’s own draft or what a stranger reports. */
const silentOnPurpose = [
  'judgeObservations',
  'passkeySignInOptions',
  'previewTemplate',
  'previewWords',
  'receiveTlsReport',
  'stepUpOptions',
  'newPasskeyOptions',
  'newTotpSecret',
  'startSignOn',
  'startSignOnProof',
  'saveDraft',
  'deleteDraft',
];

const routes = describedRoutes();

async function call(
  { endpoint }: Route,
  { by, params = {}, query = '', body }: RouteCall,
): Promise<{ status: number; text: string }> {
  const path = endpoint.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? '')) + query;
  if (by !== undefined) {
    const answer = await by.ask(endpoint.method, path, body);
    return { status: answer.status, text: JSON.stringify(answer.body) };
  }
  const response = await fetch(stage.url + path, {
    method: endpoint.method,
    headers: {
      authorization: `Bearer ${stage.key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

/** What the call wrote. */
async function entriesOf(route: Route, prepared: RouteCall): Promise<string[]> {
  const isOpen = route.permission === 'open';
  const before = await stage.entries(isOpen);
  const { status, text } = await call(route, prepared);
  assert.equal(status, route.endpoint.status, text);
  const later = await stage.entries(isOpen);
  return [...later].filter(([id]) => !before.has(id)).map(([, action]) => action);
}

describe('the routes of the program', () => {
  it('are those of the contract, and each says what it writes to the audit log, or why it writes nothing', () => {
    assert.deepEqual(
      stage.program.routes.map(({ endpoint }) => endpoint.name).sort(),
      routes.map(({ endpoint }) => endpoint.name).sort(),
    );
    assert.deepEqual(endpoints.map(({ name }) => name).sort(), routes.map(({ endpoint }) => endpoint.name).sort());
    for (const { endpoint, audit } of routes) {
      const writesSome = audit.always.length + audit.sometimes.length > 0;
      assert.equal(writesSome, audit.nothingBecause === undefined, endpoint.name);
      assert.ok(writesSome || (audit.nothingBecause ?? '').length >= 12, endpoint.name);
    }
    const silent = routes.filter(
      ({ endpoint, audit }) => endpoint.method !== 'GET' && audit.nothingBecause !== undefined,
    );
    assert.deepEqual(silent.map(({ endpoint }) => endpoint.name).sort(), [...silentOnPurpose].sort());
  });
});

describe('the audit log', () => {
  for (const route of routes) {
    const { name } = route.endpoint;
    const { always, sometimes } = route.audit;
    const says =
      always.length > 0
        ? `has ${always.join(' and ')} of`
        : sometimes.length > 0
          ? `may have ${sometimes.join(', ')} of`
          : 'has nothing of';
    it(`${says} ${name}`, async () => {
      const elsewhere = calledElsewhere[name];
      if (elsewhere !== undefined) {
        const text = readFileSync(join(import.meta.dirname, '..', elsewhere), 'utf8');
        for (const action of always)
          assert.ok(text.includes(`'${action}'`), `${elsewhere} does not look for ${action}`);
        return;
      }
      const prepare = routeCalls[name];
      assert.ok(prepare, `${name} needs a call in test/kit/route-calls.ts`);
      const written = await entriesOf(route, await prepare(stage));
      for (const action of always) assert.ok(written.includes(action), `${action} is missing: ${written}`);
      const undeclared = written.filter((action) => ![...always, ...sometimes].some((one) => one === action));
      assert.deepEqual(undeclared, [], 'entries that the route does not declare');
    });
  }
});
