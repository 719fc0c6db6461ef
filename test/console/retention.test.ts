/** Holds and retention in the console: a hold placed and released, a choice seen before it is taken, a message on hold. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { overflowPx, screenshot, seriousFaults } from '../kit/browser.ts';
import { campaign, people, type SignedIn, signIn } from './stage.ts';

let signed: SignedIn;
let page: Page;

before(async () => {
  signed = await signIn();
  page = signed.page;
});
after(() => signed?.close());

async function open(): Promise<void> {
  await page.goto(`${signed.stage.url}/trust/retention`);
  await page.getByRole('heading', { level: 1, name: 'Holds and retention' }).waitFor();
  await page.getByRole('heading', { level: 2, name: 'How long messages are kept' }).waitFor();
}

const inDialog = (name: string) => page.getByRole('dialog', { name });

describe('holds and retention', () => {
  it('begin with everything kept and no hold', async () => {
    await open();
    await page.getByText('No hold was ever placed.').waitFor();
    await page.getByText('Messages are kept for good, unless somebody erases them.').waitFor();
    assert.deepEqual(await seriousFaults(page), []);
  });

  it('place a hold on mail to one person by keyboard, and tell how much it keeps', async () => {
    await open();
    await page.getByRole('button', { name: 'Place a hold' }).press('Enter');
    const dialog = inDialog('Place a legal hold');
    await dialog.getByLabel('Name').fill('Complaint of Ana');
    await dialog.getByLabel('Reason').fill('The hospital’s lawyers asked for it.');
    await dialog.getByLabel('Case or matter').fill('2026-118');
    await dialog.getByLabel('Address').fill(people[0] ?? '');
    assert.deepEqual(await seriousFaults(page), []);
    await screenshot(page, 'retention-place');
    await dialog.getByRole('button', { name: 'Place the hold' }).press('Enter');
    const row = page.getByRole('row', { name: /Complaint of Ana/ });
    await row.getByText('1 message').waitFor();
    await row.getByText(`Mail to ${people[0]}`).waitFor();
    await screenshot(page, 'retention');
  });

  it('refuse a hold on nothing, and say so', async () => {
    await open();
    await page.getByRole('button', { name: 'Place a hold' }).click();
    const dialog = inDialog('Place a legal hold');
    await dialog.getByLabel('Name').fill('x');
    await dialog.getByLabel('Reason').fill('x');
    await dialog.getByLabel('What it covers').selectOption('period');
    await dialog.getByRole('button', { name: 'Place the hold' }).click();
    await dialog.getByRole('alert').getByText('The time range is empty or reversed.').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
  });

  it('tell on the message’s own page that it is on hold, where it cannot be erased', async () => {
    await page.goto(`${signed.stage.url}/messages/${signed.stage.messageId}`);
    await page.getByText('On hold: it cannot be erased').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Erase' }).count(), 0);
  });

  it('show what a choice would do before it is taken', async () => {
    await open();
    await page.getByLabel('Erase messages after (days)').fill('0');
    await page.getByRole('button', { name: 'See what would happen' }).click();
    await page.getByRole('alert').getByText('Give whole days').waitFor();
    await page.getByLabel('Erase messages after (days)').fill('1');
    await page.getByLabel('Time of the daily run').selectOption('4');
    await page.getByRole('button', { name: 'See what would happen' }).click();
    const dialog = inDialog('What would happen');
    await dialog.getByText('1 message more within 30 days.').waitFor();
    await dialog.getByText('1 message kept by legal holds.').waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await screenshot(page, 'retention-preview');
    await dialog.getByRole('button', { name: 'Leave it as it is' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await page.getByText('Messages are kept for good, unless somebody erases them.').waitFor();
    await page.getByRole('button', { name: 'See what would happen' }).click();
    await dialog.getByRole('button', { name: 'Keep it like this from now on' }).click();
    await page.getByText('Messages are erased 1 day after they were accepted.').waitFor();
    const chosen = await signed.stage.api<{ messageDays: number; hour: number }>('/v1/retention');
    assert.deepEqual([chosen.messageDays, chosen.hour], [1, 4]);
    await page.getByText('A legal hold is in force').waitFor();
  });

  it('release a hold with a reason, and keep it on record', async () => {
    await open();
    await page.getByRole('button', { name: 'Release Complaint of Ana' }).click();
    const dialog = inDialog('Release Complaint of Ana?');
    await dialog.getByText('It keeps 1 message.').waitFor();
    await dialog.getByLabel('Reason').fill('Settled out of court');
    await dialog.getByRole('button', { name: 'Release the hold' }).click();
    const row = page.getByRole('row', { name: /Complaint of Ana/ });
    await row.getByText('Released: Settled out of court').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Release Complaint of Ana' }).count(), 0);
  });

  it('fit a narrow screen and a dark one', async () => {
    await signed.stage.api('/v1/holds', {
      method: 'POST',
      body: JSON.stringify({ name: 'Inquiry', reason: 'An authority asks', scope: { kind: 'campaign', campaign } }),
    });
    await page.setViewportSize({ width: 360, height: 800 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await open();
    await page.getByText(`Campaign ${campaign}`).waitFor();
    assert.equal(await overflowPx(page), 0);
    assert.deepEqual(await seriousFaults(page), []);
    await screenshot(page, 'retention-narrow');
  });

  it('leave no fault in the browser but the refusal that was asked for', () => {
    const { foreign, policy, errors } = signed.faults;
    assert.deepEqual({ foreign, policy }, { foreign: [], policy: [] });
    assert.equal(errors.length, 1, errors.join('\n'));
  });
});
