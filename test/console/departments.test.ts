/** The page People, departments: who is narrowed to one, and what its mail inherits from where. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { EngagementReport } from '../../src/contract/reports.ts';
import { isFine, isFineEverywhere, openBrowser, patienceMs } from '../kit/browser.ts';
import { until } from '../kit/tracking.ts';
import { campaign, type Stage, setStage } from './stage.ts';

let stage: Stage;
let browser: Browser;
let page: Page;

before(async () => {
  stage = await setStage();
  browser = await openBrowser();
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  context.setDefaultTimeout(patienceMs);
  page = await context.newPage();
  await page.goto(await stage.signInLink());
  await page.getByRole('heading', { level: 1, name: 'Campaigns' }).waitFor();
  await page.goto(`${stage.url}/people`);
});
after(async () => {
  await browser?.close();
  await stage?.close();
});

async function addDepartment(name: string, below?: string): Promise<void> {
  await page.getByLabel('New department').fill(name);
  if (below !== undefined) await page.getByLabel('Below').selectOption(below);
  await page.getByRole('button', { name: 'Add' }).click();
  const path = below === undefined ? name : `${below} › ${name}`;
  await page.getByRole('button', { name: `Policies of ${path}`, exact: true }).waitFor();
}

describe('departments', () => {
  it('say what they decide, and from where the others inherit it', async () => {
    await addDepartment('House');
    await addDepartment('Ward', 'House');
    await page.getByRole('button', { name: 'Policies of House', exact: true }).click();
    const protection = page.getByRole('dialog').getByLabel('Least protection on the way');
    await page.getByText('Inherits: Encrypted where possible, from the organisation.').waitFor();
    await protection.selectOption('Encrypted, certificate checked');
    await isFine(page, 'department-policies');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Policies of House › Ward' }).click();
    await page.getByText('Inherits: Encrypted, certificate checked, from House.').waitFor();
    await protection.selectOption('Any connection');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Policies of House › Ward' }).click();
    await page.getByText('Holds nevertheless: Encrypted, certificate checked, from House').waitFor();
    await page.setViewportSize({ width: 390, height: 844 });
    await isFine(page, 'department-policies-390');
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.getByRole('button', { name: 'Close' }).click();
  });

  it('narrow whoever is invited to them', async () => {
    await page.getByRole('button', { name: 'Invite', exact: true }).click();
    await page.getByLabel('Name', { exact: false }).first().fill('Ida Holm');
    await page.getByLabel('Email address').fill('ida.holm@example.org');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Department').selectOption('House › Ward');
    await dialog.getByLabel('The role is about').selectOption('Only House › Ward and below');
    await isFine(page, 'invite-narrowed');
    await page.getByRole('button', { name: 'Make the invitation' }).click();
    await page.getByRole('button', { name: 'Done' }).click();
    const row = page.getByRole('row').filter({ hasText: 'ida.holm@example.org' });
    await row.getByText('Only House › Ward and below').waitFor();
    await page.getByRole('button', { name: 'Change Ida Holm' }).click();
    assert.equal(await dialog.getByLabel('The role is about').inputValue(), 'department');
    await dialog.getByLabel('The role is about').selectOption('The whole organisation');
    await page.getByRole('button', { name: 'Save' }).click();
    await row.getByText('House › Ward', { exact: true }).waitFor();
  });

  it('may own an API key, which then says whose it is', async () => {
    await page.goto(`${stage.url}/api-keys`);
    await page.getByRole('button', { name: 'New key' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('Ward reminders');
    await dialog.getByLabel('Department').selectOption('House › Ward');
    await isFine(page, 'api-key-of-department');
    await page.getByRole('button', { name: 'Make the key' }).click();
    await page.getByRole('button', { name: 'I have kept the secret' }).click();
    const row = page.getByRole('row').filter({ hasText: 'Ward reminders' });
    await row.getByText('of House › Ward').waitFor();
  });

  it('are told by their names in the report of a campaign that they sent', async () => {
    const named = { method: 'POST', body: JSON.stringify({ name: 'Pharmacy' }) };
    const { id: pharmacy } = await stage.api<{ id: string }>('/v1/departments', named);
    const body = { name: 'The pharmacy’s program', permissions: ['messages.send'], departmentId: pharmacy };
    const { secret } = await stage.api<{ secret: string }>('/v1/api-keys', {
      method: 'POST',
      body: JSON.stringify(body),
    });
    const mail = {
      from: 'care@clinic.example',
      to: ['wilma@clinic.example'],
      subject: 'A visit',
      text: 'Hello',
      campaign,
    };
    const sent = await fetch(`${stage.url}/v1/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify(mail),
    });
    assert.equal(sent.status, 202, await sent.text());
    const address = `/v1/reports/engagement?campaign=${encodeURIComponent(campaign)}&groupBy=department`;
    await until(
      async () =>
        (await stage.api<EngagementReport>(address)).rows.some(
          ({ key, delivered }) => key === pharmacy && delivered === 1,
        ),
      'the delivery is counted',
    );
    await page.goto(`${stage.url}/campaigns/report?campaign=${encodeURIComponent(campaign)}`);
    const table = page.getByRole('table', { name: 'Opens and clicks by department' });
    await table.getByRole('cell', { name: 'Pharmacy', exact: true }).waitFor();
    await table.getByRole('cell', { name: 'No department', exact: true }).waitFor();
    assert.deepEqual((await table.getByRole('columnheader').allInnerTexts()).slice(-2), ['Unsubscribed', 'Complained']);
    await isFineEverywhere(page, 'report-departments');
  });
});
