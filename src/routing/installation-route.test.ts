/** The login of a relay: read from its file, and what is wrong with that file said by its name. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { installationRoute, RelayLoginFault } from './installation-route.ts';

const home = mkdtempSync(join(tmpdir(), 'waxwing-login-'));
after(() => rmSync(home, { recursive: true, force: true }));

test('a login that is missing or cut short is told by its file, and never by what stands in it', () => {
  const file = join(home, 'login');
  const route = () => installationRoute({ smarthost: 'smtp://relay.example:587', smarthostAuthFile: file });
  const says = (words: RegExp) =>
    assert.throws(
      route,
      (error) =>
        error instanceof RelayLoginFault &&
        words.test(error.message) &&
        error.message.includes(file) &&
        !error.message.includes('patience'),
    );
  says(/cannot be read \(ENOENT\).*WAXWING_SMARTHOST_AUTH_FILE/);
  writeFileSync(file, 'patience');
  says(/needs a user and a password/);
  writeFileSync(file, 'clinic\r\npatience\r\n');
  assert.deepEqual(
    route().hosts.map(({ login }) => login),
    [{ user: 'clinic', password: 'patience' }],
  );
});
