/** The console's page of planned mail, in a real browser. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { momentOfWall, wallTime } from '../../web/console/sending/planned/zoned-time.ts';
import { isFine, isFineEverywhere } from '../kit/browser.ts';
import { until } from '../kit/tracking.ts';
import { openSending, type SignedIn, signIn } from './stage.ts';

let signed: SignedIn;
let page: Page;

before(async () => {
  signed = await signIn();
  page = signed.page;
});
after(() => signed?.close());

const plan = (campaign: string, to: readonly string[], inHours: number) =>
  signed.stage.api('/v1/messages', {
    method: 'POST',
    body: JSON.stringify({
      ...{ from: 'care@clinic.example', to, subject: 'Planned', text: 'Planned', campaign },
      sendAt: new Date(Date.now() + inHours * 3_600_000).toISOString(),
    }),
  });

const row = (campaign: string) => page.getByRole('row').filter({ hasText: campaign });

describe('planned mail', () => {
  it('begins with a page that says how mail is planned', async () => {
    await openSending(signed, 'Planned');
    await page.getByText('Nothing is planned').waitFor();
    await isFineEverywhere(page, 'planned-empty');
  });

  it('is listed with its time and how many it goes to', async () => {
    await plan('Winter letter', ['ana@plan.example', 'bo@plan.example'], 48);
    await plan('Vaccination', ['cy@plan.example'], 24);
    await plan('Recall', ['di@plan.example'], 72);
    await openSending(signed, 'Planned');
    await row('Recall').waitFor();
    const campaigns = await page.getByRole('row').getByRole('link').allInnerTexts();
    assert.deepEqual(campaigns, ['Vaccination', 'Winter letter', 'Recall']);
    await row('Winter letter').getByText('2', { exact: true }).waitFor();
    await isFineEverywhere(page, 'planned');
  });

  it('is moved to another time by the account’s clock', async () => {
    const { timeZone } = await signed.stage.api<{ timeZone: string }>('/v1/settings/outbound');
    await row('Winter letter')
      .getByRole('button', { name: /^Move: Winter letter/ })
      .press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Move it to another time?' });
    await dialog.getByLabel('New time').fill('2020-01-01T09:00');
    await dialog.getByRole('button', { name: 'Move it' }).click();
    await dialog.getByText('This time has passed.').waitFor();
    const wanted = wallTime(new Date(Date.now() + 96 * 3_600_000), timeZone);
    await dialog.getByLabel('New time').fill(wanted);
    await isFine(page, 'planned-move');
    await dialog.getByRole('button', { name: 'Move it' }).press('Enter');
    await dialog.getByText(/^It goes out .* to 2 recipients\.$/).waitFor();
    await dialog.getByRole('button', { name: 'Done' }).press('Enter');
    const { messages } = await signed.stage.api<{ messages: { campaign: string; sendAt: string }[] }>('/v1/scheduled');
    assert.equal(messages.at(-1)?.campaign, 'Winter letter');
    assert.equal(messages.at(-1)?.sendAt, momentOfWall(wanted, timeZone)?.toISOString());
  });

  it('is sent at once, and cancelled for good, after a question each', async () => {
    await row('Recall')
      .getByRole('button', { name: /^Send now/ })
      .click();
    const now = page.getByRole('dialog', { name: 'Send it now?' });
    await now.getByRole('button', { name: 'Send it now' }).click();
    await now.getByText('On its way to 1 recipient.').waitFor();
    await now.getByRole('button', { name: 'Done' }).click();
    await until(async () => signed.stage.sink.of('di@plan.example').length === 1, 'it arrives', 20_000);
    await row('Recall').waitFor({ state: 'detached' });
    await row('Vaccination')
      .getByRole('button', { name: /^Cancel/ })
      .click();
    const cancel = page.getByRole('dialog', { name: 'Cancel it for good?' });
    await isFine(page, 'planned-cancel');
    await cancel.getByRole('button', { name: 'Cancel it for good' }).click();
    await cancel.getByText('Cancelled for 1 recipient.').waitFor();
    await cancel.getByRole('button', { name: 'Done' }).click();
    await row('Vaccination').waitFor({ state: 'detached' });
    assert.equal(await row('Winter letter').count(), 1);
    assert.deepEqual([signed.faults.foreign, signed.faults.policy, signed.faults.errors], [[], [], []]);
  });
});

describe('what is worked out in the browser', () => {
  it('reads a clock on the wall across changes of summer time', () => {
    const at = (wall: string, zone: string) => momentOfWall(wall, zone)?.toISOString() ?? null;
    assert.equal(at('2026-11-25T09:00', 'Europe/Berlin'), '2026-11-25T08:00:00.000Z');
    assert.equal(at('2027-03-28T02:30', 'Europe/Berlin'), null, 'skipped');
    assert.equal(at('2026-10-25T02:30', 'Europe/Berlin'), '2026-10-25T00:30:00.000Z', 'the first of two');
    assert.equal(at('2026-11-25T09:00', 'Pacific/Kiritimati'), '2026-11-24T19:00:00.000Z');
    assert.equal(at('2026-11-25T00:15', 'Asia/Kathmandu'), '2026-11-24T18:30:00.000Z');
    assert.equal(at('2026-02-30T09:00', 'UTC'), null);
    assert.equal(at('', 'UTC'), null);
    assert.equal(wallTime(new Date('2026-11-25T23:59:59Z'), 'UTC'), '2026-11-25T23:59');
  });
});
