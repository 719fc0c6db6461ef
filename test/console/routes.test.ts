/** The console's page of routes: one is added, a rule sends mail by it, where mail would go is asked, and all is taken back. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isFine } from '../kit/browser.ts';
import { type SignedIn, signIn } from './stage.ts';

let signedIn: SignedIn;
before(async () => {
  signedIn = await signIn();
});
after(() => signedIn?.close());

test('an administrator adds a route and a rule, asks where mail would go, and takes both back', async () => {
  const { page, stage, faults } = signedIn;
  await page.goto(`${stage.url}/sending/routes`);
  await page.getByRole('heading', { level: 1, name: 'Routes' }).waitFor();
  await page.getByText('There are no rules yet.').waitFor();
  await page.getByRole('button', { name: 'Add a route' }).press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Add a route' });
  await dialog.getByRole('button', { name: 'Add the route' }).click();
  await dialog.getByText('Give it a name, so that you know it again.').waitFor();
  await dialog.getByRole('textbox', { name: 'Name' }).first().fill('Laboratories');
  const relay = dialog.getByRole('group', { name: 'Relay 1' });
  await relay.getByRole('textbox', { name: 'Name' }).fill('relay.example');
  await relay.getByRole('textbox', { name: 'User' }).fill('clinic');
  await relay.getByLabel('Password', { exact: true }).fill('a secret of ours');
  await isFine(page, 'routes-dialog');
  await dialog.getByRole('button', { name: 'Add the route' }).click();
  await page.getByRole('heading', { level: 2, name: 'Laboratories' }).waitFor();
  await page.getByRole('cell', { name: 'relay.example:587' }).waitFor();

  await page.getByRole('button', { name: 'Add a rule' }).click();
  await page.getByRole('textbox', { name: 'Recipients at' }).fill('*.labs.example');
  await page.getByRole('button', { name: 'Keep the rule' }).click();
  await page.getByRole('cell', { name: '1. Mail to anything below labs.example' }).waitFor();
  await page.getByRole('textbox', { name: 'To', exact: true }).fill('ana@blood.labs.example');
  await page.getByRole('button', { name: 'Show where it would go' }).click();
  await page.getByText('Rule 1 of 1 (recipient domain *.labs.example) sends it by “Laboratories”.').waitFor();
  await isFine(page, 'routes');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 390, height: 844 });
  await isFine(page, 'routes-narrow-dark');
  await page.setViewportSize({ width: 1440, height: 900 });

  await page.getByRole('button', { name: 'Change Laboratories' }).click();
  const changing = page.getByRole('dialog', { name: 'Change the route' });
  await changing.getByRole('textbox', { name: 'Share' }).fill('5');
  await changing.getByRole('button', { name: 'Keep the changes' }).click();
  await changing.waitFor({ state: 'hidden' });
  assert.ok(!(await page.content()).includes('a secret of ours'));
  await page.getByRole('button', { name: 'Remove rule 1' }).click();
  await page.getByRole('button', { name: 'Remove Laboratories' }).click();
  await page.getByRole('heading', { level: 2, name: 'Laboratories' }).waitFor({ state: 'detached' });
  assert.deepEqual([faults.foreign, faults.policy, faults.errors], [[], [], []]);
});
