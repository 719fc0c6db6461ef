/** The console's page of webhooks: one is added, tested, told again, switched off and deleted, in a real browser. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type Faults, isFine, openBrowser, patienceMs, seriousFaults, watch } from '../kit/browser.ts';
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
  await page.goto(`${stage.url}/settings`);
  await page.getByRole('link', { name: 'Set up webhooks' }).click();
  await page.getByRole('heading', { level: 1, name: 'Webhooks' }).waitFor();
  return page;
}

test('an administrator adds a webhook, tests it, sees what came of it, and ends it', async () => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  const page = await openPage(context);
  await page.getByText('No program is told of anything').waitFor();
  await isFine(page, 'webhooks-empty');

  await page.getByRole('button', { name: 'Add a webhook' }).press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Add a webhook' });
  await dialog.getByRole('button', { name: 'Add the webhook' }).click();
  await dialog.getByText('Give it a name, so that you know it again.').waitFor();
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Our records');
  await dialog.getByRole('textbox', { name: 'Address' }).fill('https://127.0.0.1/told');
  await dialog.getByRole('button', { name: 'Add the webhook' }).click();
  await dialog.getByText('The address cannot be an endpoint.').waitFor();
  await dialog.getByRole('textbox', { name: 'Address' }).fill('https://records.clinic.invalid/told');
  assert.deepEqual(await seriousFaults(page), []);
  await dialog.getByRole('button', { name: 'Add the webhook' }).click();
  await page.getByText(/^whsec_/).waitFor();
  await page.getByRole('button', { name: 'I have kept the secret' }).click();

  await page.getByRole('heading', { level: 2, name: 'Our records' }).waitFor();
  await page.getByRole('button', { name: 'Send a test' }).click();
  await page.getByRole('cell', { name: 'Test', exact: true }).waitFor();
  const deadline = Date.now() + 30_000;
  while ((await page.getByText(/It could not be reached|It did not answer in time/).count()) === 0) {
    assert.ok(Date.now() < deadline, 'the try is shown');
    await page.reload();
    await page.getByRole('cell', { name: 'Test', exact: true }).waitFor();
  }
  await isFine(page, 'webhooks');
  await page.getByRole('button', { name: 'Replay number 1' }).click();
  await page.getByText('1 told again.').waitFor();
  await page.getByRole('button', { name: 'Switch off' }).click();
  await page.getByText('Switched off.').waitFor();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByRole('button', { name: 'Delete the webhook' }).click();
  await page.getByText('No program is told of anything').waitFor();
  // The browser says of the address that was refused that it was.
  assert.deepEqual([faults.foreign, faults.policy], [[], []]);
  assert.ok(faults.errors.every((text) => / 422 /.test(text)) && faults.errors.length === 1, String(faults.errors));
  await context.close();
});

test('the page is whole in the dark on a small screen', async () => {
  const body = {
    url: `https://records.clinic.invalid/${'long'.repeat(40)}`,
    description: 'Our records',
    eventTypes: ['message.bounced'],
  };
  const { id } = await stage.api<{ id: string }>('/v1/webhooks', { method: 'POST', body: JSON.stringify(body) });
  await stage.api(`/v1/webhooks/${id}/test`, { method: 'POST', body: '{}' });
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    colorScheme: 'dark',
    reducedMotion: 'reduce',
  });
  const page = await openPage(context);
  await page.getByRole('cell', { name: 'Test', exact: true }).waitFor();
  await isFine(page, 'webhooks-dark-small');
  await context.close();
});
