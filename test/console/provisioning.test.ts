/** The console's page of provisioning: a key is made, a directory provisions with it, its group is mapped, its mistake is told. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type Faults, isFine, openBrowser, patienceMs, seriousFaults, watch } from '../kit/browser.ts';
import { groupSchema, userSchema } from '../kit/directory.ts';
import { type Stage, setStage } from './stage.ts';

let stage: Stage;
let browser: Browser;
let faults: Faults;

before(async () => {
  stage = await setStage();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stage?.close();
});

async function openPage(context: BrowserContext): Promise<Page> {
  context.setDefaultTimeout(patienceMs);
  faults = await watch(context, stage.url);
  const page = await context.newPage();
  await page.goto(await stage.signInLink());
  await page.getByRole('heading', { level: 1, name: 'Campaigns' }).waitFor();
  await page.goto(`${stage.url}/people`);
  await page.getByRole('link', { name: 'Provisioning' }).click();
  await page.getByRole('heading', { level: 1, name: 'Provisioning' }).waitFor();
  return page;
}

const scim = (key: string, path: string, body: unknown) =>
  fetch(`${stage.url}/scim/v2${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/scim+json' },
    body: JSON.stringify(body),
  });

test('an administrator connects a directory and says what its groups mean', async () => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  const page = await openPage(context);
  await page.getByText(`${stage.url}/scim/v2`).waitFor();
  await page.getByText('The directory was not heard of yet.').waitFor();
  await isFine(page, 'provisioning-empty');

  await page.getByRole('button', { name: 'Make a key' }).press('Enter');
  const dialog = page.getByRole('dialog', { name: 'A key for the directory' });
  await dialog.getByLabel('Name').fill('Our directory');
  assert.deepEqual(await seriousFaults(page), []);
  await dialog.getByLabel('Name').press('Enter');
  const shown = page.getByText(/^wx_/);
  await shown.waitFor();
  const key = ((await shown.textContent()) ?? '').trim();
  await page.getByRole('button', { name: 'I have kept the secret' }).click();

  const made = await scim(key, '/Users', { schemas: [userSchema], userName: 'ana@clinic.example', displayName: 'Ana' });
  assert.equal(made.status, 201);
  const { id } = (await made.json()) as { id: string };
  const group = { schemas: [groupSchema], displayName: 'Nurses of the night shift', members: [{ value: id }] };
  assert.equal((await scim(key, '/Groups', group)).status, 201);
  assert.equal((await scim(key, '/Groups', group)).status, 409);

  await page.reload();
  await page.getByText(/The directory was last heard of on/).waitFor();
  await page.getByText('When making a group: A group with this name exists.').waitFor();
  await page.getByLabel('Role of Nurses of the night shift').selectOption('sender');
  await page.getByLabel('Role of Nurses of the night shift').and(page.locator(':enabled')).waitFor();
  const { users } = await stage.api<{ users: { id: string; role: string }[] }>('/v1/users');
  assert.equal(users.find((one) => one.id === id)?.role, 'sender');
  await page.getByLabel('Who leaves the last mapped group').selectOption('deactivate');
  await page.getByLabel('Who leaves the last mapped group').and(page.locator(':enabled')).waitFor();
  const settings = await stage.api<{ withoutGroup: string }>('/v1/provisioning');
  assert.equal(settings.withoutGroup, 'deactivate');
  await isFine(page, 'provisioning');
  assert.deepEqual(faults, { foreign: [], policy: [], errors: [] });
  await context.close();
});

test('the page is whole in the dark on a small screen', async () => {
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    colorScheme: 'dark',
    reducedMotion: 'reduce',
  });
  const page = await openPage(context);
  await page.getByRole('heading', { level: 2, name: 'Refused lately' }).waitFor();
  await isFine(page, 'provisioning-dark-small');
  await context.close();
});
