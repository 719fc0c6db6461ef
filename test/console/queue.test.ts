/** The console's queue: what waits by destination, a destination's answers and recipients, and steering them, as owner and as others. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { systemClock } from '../../src/platform/world.ts';
import {
  desktop,
  type Faults,
  isFine,
  isFineEverywhere,
  openBrowser,
  patienceMs,
  telephone,
  watch,
} from '../kit/browser.ts';
import { acceptByPassword, personAt } from '../kit/person.ts';
import { until } from '../kit/tracking.ts';
import { type Stage, setStage } from './stage.ts';

let stage: Stage;
let browser: Browser;
let owner: Page;
let faults: Faults;

const send = (to: readonly string[], more: object = {}) =>
  stage.api('/v1/messages', {
    method: 'POST',
    body: JSON.stringify({ from: 'care@clinic.example', to, subject: 'Your results', text: 'They are here.', ...more }),
  });

const deferred = async (domain: string): Promise<number> => {
  const { destinations } = await stage.api<{ destinations: { domain: string; deferred: number }[] }>('/v1/queue');
  return destinations.find((one) => one.domain === domain)?.deferred ?? 0;
};

before(async () => {
  stage = await setStage();
  stage.sink.answerWith(({ stage: at, address }) => {
    if (at !== 'rcpt' || !address.endsWith('slow.example')) return undefined;
    return address.startsWith('gone')
      ? { code: 550, text: '5.1.1 no such user' }
      : { code: 451, text: '4.2.0 greylisted' };
  });
  await send(['ana@slow.example', 'bo@slow.example', 'gone@slow.example'], { campaign: 'Spring letter' });
  await send(['eva@later.example'], { sendAt: new Date(Date.now() + 86_400_000).toISOString() });
  await until(async () => (await deferred('slow.example')) === 2, 'two are deferred', 20_000);
  browser = await openBrowser();
  const context = await browser.newContext({ viewport: desktop, reducedMotion: 'reduce' });
  context.setDefaultTimeout(patienceMs);
  faults = await watch(context, stage.url);
  owner = await context.newPage();
  await owner.goto(await stage.signInLink());
  await owner.getByRole('heading', { level: 1, name: 'Campaigns' }).waitFor();
});
after(async () => {
  await browser?.close();
  await stage?.close();
});

async function signedIn(name: string, role: string): Promise<{ page: Page; context: BrowserContext }> {
  const { invitation } = await stage.api<{ invitation: { link: string } }>('/v1/users', {
    method: 'POST',
    body: JSON.stringify({ email: `${name}@example.org`, name, role }),
  });
  const person = personAt(stage.url);
  await acceptByPassword(person, invitation.link, 'seven herons over the lake', systemClock);
  const context = await browser.newContext({ viewport: desktop, reducedMotion: 'reduce' });
  context.setDefaultTimeout(patienceMs);
  const [cookieName = '', value = ''] = person.cookie.split(/=(.*)/s);
  await context.addCookies([{ name: cookieName, value, url: stage.url }]);
  return { context, page: await context.newPage() };
}

describe('the queue', () => {
  it('shows by destination what waits, what was said, and the last hour', async () => {
    await owner.getByRole('link', { name: 'Sending' }).click();
    await owner.getByRole('heading', { level: 1, name: 'Queue' }).waitFor();
    const row = owner.getByRole('row').filter({ hasText: 'slow.example' });
    await row.getByText('2 to be tried again').waitFor();
    await row.getByText(/^The next hop refused/).waitFor();
    await row.getByText(/In the last hour: 0 copies taken, 2 refused for now, 1 for good/).waitFor();
    await owner.getByRole('row').filter({ hasText: 'later.example' }).getByText('1 planned').waitFor();
    await isFineEverywhere(owner, 'queue');
  });

  it('follows the queue by itself', async () => {
    await send(['dan@slow.example']);
    await owner.getByRole('row').filter({ hasText: 'slow.example' }).getByText('3 to be tried again').waitFor();
  });

  it('holds a destination back and releases it, by keyboard, after saying what that means', async () => {
    await owner.getByRole('button', { name: 'What to do about mail to slow.example' }).press('Enter');
    await owner.getByRole('menuitem', { name: 'Hold back' }).press('Enter');
    const dialog = owner.getByRole('dialog', { name: 'Hold mail to slow.example back?' });
    await dialog.getByText('Nothing more goes out there').waitFor();
    await isFine(owner, 'queue-hold');
    await dialog.getByRole('button', { name: 'Hold back' }).press('Enter');
    await dialog.getByText('Held back from now on').waitFor();
    await dialog.getByRole('button', { name: 'Done' }).press('Enter');
    const held = owner.getByRole('region', { name: 'Held back' });
    await held.getByText('slow.example').waitFor();
    await isFine(owner, 'queue-held');
    await held.getByRole('button', { name: 'What to do about mail to slow.example' }).click();
    await owner.getByRole('menuitem', { name: 'Release' }).click();
    await owner.getByRole('dialog').getByRole('button', { name: 'Release' }).click();
    await owner.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
    await held.waitFor({ state: 'hidden' });
  });

  it('steers a campaign by its name', async () => {
    await owner.getByRole('button', { name: 'Steer a campaign' }).click();
    await owner.getByRole('textbox', { name: 'Campaign' }).fill('Spring letter');
    await owner.getByRole('textbox', { name: 'Campaign' }).press('Enter');
    await owner.getByRole('button', { name: 'Hold, retry, take out' }).click();
    await owner.getByRole('menuitem', { name: 'Try again now' }).click();
    const dialog = owner.getByRole('dialog', { name: 'Try the campaign Spring letter again now?' });
    await dialog.getByRole('button', { name: 'Try again now' }).click();
    await dialog.getByRole('status').waitFor();
    await dialog.getByRole('button', { name: 'Done' }).click();
  });
});

describe('a destination', () => {
  it('tells a day, what it said in words, and who waits with the server’s own words', async () => {
    await owner.goto(`${stage.url}/sending/queue`);
    await owner.getByRole('link', { name: 'slow.example' }).click();
    await owner.getByRole('heading', { level: 1, name: 'slow.example' }).waitFor();
    const said = owner.getByRole('table', { name: 'What it said within a day' });
    await said.getByText('Refused for now', { exact: true }).waitFor();
    await said.getByText('Refused for good', { exact: true }).waitFor();
    await owner.getByRole('img', { name: /^In the last day: .* refused for now, .* for good$/ }).waitFor();
    await owner.getByRole('link', { name: 'ana@slow.example' }).waitFor();
    await owner
      .getByText(/4\.2\.0 greylisted/)
      .first()
      .waitFor();
    await isFineEverywhere(owner, 'queue-destination');
  });

  it('takes one recipient out for good', async () => {
    await owner.getByRole('button', { name: 'What to do about the copy for bo@slow.example' }).click();
    await owner.getByRole('menuitem', { name: 'Take out for good' }).click();
    await owner.getByRole('dialog').getByRole('button', { name: 'Take out for good' }).click();
    await owner.getByText('1 recipient taken out.').waitFor();
    await owner.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
    await owner.getByRole('link', { name: 'bo@slow.example' }).waitFor({ state: 'hidden' });
  });

  it('leads to the message, which can be steered there too', async () => {
    await owner.getByRole('link', { name: 'ana@slow.example' }).click();
    await owner.getByRole('heading', { level: 1, name: 'Your results' }).waitFor();
    await owner.getByRole('heading', { level: 2, name: '1 copy not delivered yet' }).waitFor();
    await owner.getByRole('button', { name: 'Hold, retry, take out' }).waitFor();
    await isFine(owner, 'message-waiting');
    assert.deepEqual(faults, { foreign: [], policy: [], errors: [] });
  });
});

describe('who is not an owner', () => {
  it('sees as administrator what waits, and no address', async () => {
    const { page, context } = await signedIn('Adam', 'admin');
    await page.goto(`${stage.url}/sending/queue/slow.example`);
    await page.getByText('A recipient').first().waitFor();
    assert.equal(await page.getByText('ana@slow.example').count(), 0);
    assert.equal(await page.getByText('greylisted').count(), 0);
    await page.getByRole('button', { name: 'Hold, retry, take out' }).waitFor();
    assert.equal(
      await page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name: 'Messages' }).count(),
      0,
    );
    await isFine(page, 'queue-administrator');
    await context.close();
  });

  it('is told kindly as viewer that the page is not theirs, and does not find it in the navigation', async () => {
    const { page, context } = await signedIn('Vera', 'viewer');
    await page.goto(`${stage.url}/sending/queue`);
    await page.getByText('Your role does not open this page').waitFor();
    const places = page.getByRole('navigation', { name: 'Console' });
    await places.getByRole('link', { name: 'Campaigns' }).waitFor();
    for (const name of ['Messages', 'API keys', 'People'])
      assert.equal(await places.getByRole('link', { name, exact: true }).count(), 0, name);
    await page.setViewportSize(telephone);
    await isFine(page, 'not-for-you-390');
    await context.close();
  });
});
