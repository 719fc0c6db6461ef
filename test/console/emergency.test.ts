/** Emergency access in a real browser: from the page that refuses, through the banner, to the review by somebody else. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { systemClock } from '../../src/platform/world.ts';
import { isFine, openBrowser, patienceMs } from '../kit/browser.ts';
import { acceptByPassword, personAt } from '../kit/person.ts';
import { type Stage, setStage } from './stage.ts';

let stage: Stage;
let browser: Browser;
const contexts: BrowserContext[] = [];

before(async () => {
  stage = await setStage();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stage?.close();
});

async function signedIn(name: string, role: string, scheme: 'light' | 'dark' = 'light', width = 1440): Promise<Page> {
  const email = `${name.toLowerCase()}@example.org`;
  const { invitation } = await stage.api<{ invitation: { link: string } }>('/v1/users', {
    method: 'POST',
    body: JSON.stringify({ email, name: `${name} Example`, role }),
  });
  const person = personAt(stage.url);
  await acceptByPassword(person, invitation.link, 'seven herons over the lake', systemClock);
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    reducedMotion: 'reduce',
    colorScheme: scheme,
    acceptDownloads: true,
  });
  contexts.push(context);
  context.setDefaultTimeout(patienceMs);
  const [cookieName = '', value = ''] = person.cookie.split(/=(.*)/s);
  await context.addCookies([{ name: cookieName, value, url: stage.url }]);
  return context.newPage();
}

describe('emergency access', () => {
  let vera: Page;
  let cleo: Page;
  before(async () => {
    vera = await signedIn('Vera', 'viewer');
    cleo = await signedIn('Cleo', 'compliance', 'dark', 390);
  });
  const banner = (page: Page) => page.getByRole('region', { name: 'Emergency access' });

  it('is offered where somebody is refused, and brings them back to what they wanted to see', async () => {
    await vera.goto(`${stage.url}/messages/${stage.messageId}`);
    await vera.getByText('Your role does not open this page').first().waitFor();
    await isFine(vera, 'emergency-offer');
    await vera.getByRole('link', { name: 'Emergency access' }).first().focus();
    await vera.keyboard.press('Enter');
    const dialog = vera.getByRole('dialog', { name: 'Emergency access' });
    await dialog.getByLabel('In your words').fill('Too short');
    await dialog.getByRole('button', { name: 'Open emergency access' }).click();
    await dialog.getByText('Say it in at least 10 characters.').waitFor();
    await isFine(vera, 'emergency-opening');
    await dialog.getByLabel('In your words').fill('Ana lies unconscious, and her letters must be seen');
    await dialog.getByLabel('For how long').selectOption({ label: '30 minutes' });
    await dialog.getByRole('button', { name: 'Open emergency access' }).click();
    await banner(vera).getByText('30 minutes left').waitFor();
    await vera.waitForURL(`${stage.url}/messages/${stage.messageId}`);
    await vera.getByRole('heading', { name: 'Your November letter' }).first().waitFor();
    await isFine(vera, 'emergency-banner');
  });

  it('shows its banner on every page of the session', async () => {
    for (const path of ['/campaigns', '/settings', '/me', '/trust/emergency']) {
      await vera.goto(`${stage.url}${path}`);
      await banner(vera)
        .getByText(/minutes left/)
        .waitFor();
    }
    await vera.getByRole('table').getByText('Open now').waitFor();
  });

  it('is seen by compliance at once, with all that was read', async () => {
    await cleo.goto(`${stage.url}/trust/alerts`);
    await cleo.getByText('Nobody is mailed: alerts show here only.').waitFor();
    await isFine(cleo, 'alerts-dark-390');
    await cleo.getByRole('button', { name: /^I have looked at: Emergency access was opened/ }).click();
    await cleo.getByText(/Cleo Example, /).waitFor();
    await cleo.goto(`${stage.url}/trust/emergency`);
    await cleo.getByRole('table', { name: 'Emergency accesses of everybody' }).getByText('Open now').waitFor();
    await isFine(cleo, 'emergencies-dark-390');
    await cleo.getByRole('link', { name: /^Look at what Vera Example did/ }).click();
    await cleo.getByText('Ana lies unconscious').waitFor();
    await cleo.getByRole('link', { name: stage.messageId }).first().waitFor();
    await cleo.getByText('It is still open. Once it has ended it can be reviewed.').waitFor();
    await isFine(cleo, 'emergency-report-dark-390');
  });

  it('ends by the banner, and what was read leaves the screen', async () => {
    await vera.goto(`${stage.url}/messages/${stage.messageId}`);
    await vera.getByRole('heading', { name: 'Your November letter' }).first().waitFor();
    await banner(vera).getByRole('button', { name: 'End it now' }).click();
    await vera.getByText('Your role does not open this page').first().waitFor();
    assert.equal(await banner(vera).count(), 0);
    assert.equal(await vera.getByText('Your November letter').count(), 0);
  });

  it('is counted until somebody else reviews it, taken away as a file, and reviewed', async () => {
    await cleo.setViewportSize({ width: 1440, height: 900 });
    await cleo.reload();
    const badge = cleo.getByRole('link', { name: /Trust 1 1 emergency access to review/ });
    await badge.waitFor();
    const download = cleo.waitForEvent('download');
    await cleo.getByRole('button', { name: 'CSV' }).click();
    assert.match((await download).suggestedFilename(), /^emergency-access-.*\.csv$/);
    await cleo.getByRole('button', { name: 'Save the review' }).click();
    await cleo.getByText('Choose one, and say why.').waitFor();
    await cleo.getByLabel('Justified', { exact: true }).check();
    await cleo.getByLabel('Why').fill('The ward confirms it');
    await cleo.getByRole('button', { name: 'Save the review' }).click();
    await cleo.getByRole('heading', { name: 'Justified' }).waitFor();
    await cleo.getByText('The ward confirms it').waitFor();
    await badge.waitFor({ state: 'hidden' });
    await isFine(cleo, 'emergency-reviewed-dark');
  });

  it('is turned off by an owner', async () => {
    const owner = await signedIn('Olga', 'owner');
    await owner.goto(`${stage.url}/trust/emergency`);
    for (const role of ['Admin', 'Sender', 'Viewer']) {
      const saved = owner.waitForResponse((answer) => answer.request().method() === 'PATCH');
      // The box shows what is stored: it is empty once that was read again.
      await owner.getByRole('checkbox', { name: role }).click();
      assert.equal((await saved).status(), 200);
      await owner.getByRole('checkbox', { name: role, checked: false, disabled: false }).waitFor();
    }
    await isFine(owner, 'emergency-settings');
    await vera.goto(`${stage.url}/messages`);
    await vera.getByText('Your role does not open this page').first().waitFor();
    await vera.waitForLoadState('networkidle');
    assert.equal(await vera.getByRole('link', { name: 'Emergency access' }).count(), 0);
  });
});
