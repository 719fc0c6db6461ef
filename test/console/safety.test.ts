/** Keys and backups at the console, how long sessions last, exact permissions, and words that survive the end of a session. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { isFine, openBrowser, patienceMs } from '../kit/browser.ts';
import { codeOf } from '../kit/person.ts';
import { type Stage, setStage } from './stage.ts';

const password = 'seven herons over the lake';
const minuteMs = 60_000;
let stage: Stage;
let browser: Browser;
let context: BrowserContext;
let page: Page;

async function newContext(scheme: 'light' | 'dark' = 'light', width = 1440): Promise<BrowserContext> {
  const made = await browser.newContext({
    viewport: { width, height: 900 },
    reducedMotion: 'reduce',
    colorScheme: scheme,
  });
  made.setDefaultTimeout(patienceMs);
  return made;
}

async function signedInByLink(into: BrowserContext): Promise<Page> {
  const opened = await into.newPage();
  await opened.goto(await stage.signInLink());
  await opened.getByRole('heading', { level: 1, name: 'Campaigns' }).waitFor();
  return opened;
}

before(async () => {
  stage = await setStage();
  browser = await openBrowser();
  context = await newContext();
  page = await signedInByLink(context);
});
after(async () => {
  await browser?.close();
  await stage?.close();
});

describe('keys and backups', () => {
  it('tell what is wrong first, with what to do, and have no faults of their own', async () => {
    await page.goto(`${stage.url}/trust/safety`);
    await page.getByRole('heading', { level: 1, name: 'Keys and backups' }).waitFor();
    await page.getByRole('heading', { level: 3, name: /^Put this right/ }).waitFor();
    // A test database need not survive a power cut.
    await page.getByText('Accepted mail may be lost in a power cut').waitFor();
    await page.getByText(/^All well \(\d+\)$/).press('Enter');
    await page.getByText('it is this version’s, and the key file').waitFor();
    await isFine(page, 'safety');
  });

  it('make a backup when asked, and list it with its check', async () => {
    await page.getByRole('button', { name: 'Back up now' }).click();
    await page.getByText('A backup has ended well.').waitFor({ timeout: 60_000 });
    const row = page.getByRole('table', { name: 'Backups' }).getByRole('row').nth(1);
    assert.match((await row.textContent()) ?? '', /Full.*rows.*Sound/);
    await page.getByLabel('Make one').selectOption('Every day');
    await page.getByLabel('Keep them').selectOption('30 days');
    await page.getByRole('button', { name: 'Save the plan' }).click();
    const { plan } = await until(
      async () => stage.api<{ plan: { everyHours: number | null; keepDays: number | null } }>('/v1/safety/backups'),
      ({ plan }) => plan.everyHours !== null,
    );
    assert.deepEqual(plan, { everyHours: 24, keepDays: 30 });
    await isFine(page, 'safety-backups');
  });

  it('rotate the account’s key after asking once more, and show how far it has come', async () => {
    await page.getByText('Number 1, in use since').waitFor();
    await page.getByRole('button', { name: 'Rotate now' }).click();
    const dialog = page.getByRole('dialog', { name: 'Give the account a fresh key?' });
    await dialog.waitFor();
    await isFine(page, 'safety-rotate');
    await dialog.getByRole('button', { name: 'Rotate the keys' }).click();
    await page.getByRole('progressbar', { name: 'Rotation' }).waitFor({ state: 'attached' });
    assert.ok(await page.getByRole('button', { name: 'Rotate now' }).isDisabled());
  });

  it('are as good in the dark and on a telephone', async () => {
    const small = await newContext('dark', 390);
    const shown = await signedInByLink(small);
    await shown.goto(`${stage.url}/trust/safety`);
    await shown.getByRole('heading', { level: 3, name: /^Put this right/ }).waitFor();
    await isFine(shown, 'safety-dark-390');
    await small.close();
  });
});

async function until<T>(ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T> {
  for (let tries = 0; tries < 100; tries += 1) {
    const answer = await ask();
    if (isSo(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('not in time');
}

describe('people', () => {
  let secret = '';
  let ana: Page;

  before(async () => {
    await page.goto(`${stage.url}/people`);
    await page.getByRole('button', { name: 'Invite', exact: true }).click();
    await page.getByLabel('Name', { exact: false }).first().fill('Ana Lopez');
    await page.getByLabel('Email address').fill('ana.lopez@example.org');
    await page.getByRole('dialog').getByLabel('Role').selectOption('owner');
    await page.getByRole('button', { name: 'Make the invitation' }).click();
    const link = ((await page.getByText(/#invitation=/).textContent()) ?? '').trim();
    await page.getByRole('button', { name: 'Done' }).click();
    ana = await (await newContext()).newPage();
    await ana.goto(stage.url + new URL(link).pathname + new URL(link).hash);
    secret = ((await ana.getByText(/^[A-Z2-7]{32}$/).textContent()) ?? '').trim();
    await ana.locator('input[name=password]').fill(password);
    await ana.getByLabel('Code of the authenticator app').fill(codeOf(secret, { now: () => new Date() }));
    await ana.getByRole('button', { name: 'Use this password' }).click();
    await ana.getByRole('button', { name: 'I have kept them' }).click();
    await ana.getByRole('heading', { level: 1, name: 'Campaigns' }).waitFor();
  });

  it('who type when their session ends find their words again, and may discard them', async () => {
    await ana.clock.install();
    await ana.goto(`${stage.url}/people`);
    await ana.getByRole('button', { name: 'Invite', exact: true }).click();
    const dialog = () => ana.getByRole('dialog', { name: 'Invite somebody' });
    const saved = ana.waitForResponse(
      (one) => one.url().endsWith('/v1/drafts/invite') && one.request().method() === 'PUT',
    );
    await dialog().getByLabel('Name').fill('Bo Larsen');
    await dialog().getByLabel('Email address').fill('bo.larsen@example.org');
    await dialog().getByLabel('Role').selectOption('compliance');
    await ana.clock.fastForward(2_000);
    assert.equal((await saved).status(), 200);
    await ana.clock.fastForward(31 * minuteMs);
    await ana.getByText('Your session has ended').waitFor();
    await ana.clock.resume();
    await ana.getByLabel('Email address').fill('ana.lopez@example.org');
    await ana.locator('input[name=password]').fill(password);
    await ana.getByLabel('Code of the authenticator app').fill(await nextCode());
    await ana.getByRole('button', { name: 'Continue' }).click();
    await ana.getByRole('link', { name: 'Ana Lopez' }).waitFor();
    await ana.goto(`${stage.url}/people`);
    await ana.getByRole('button', { name: 'Invite', exact: true }).click();
    await ana.getByText('Restored what you had typed').waitFor();
    assert.equal(await dialog().getByLabel('Name').inputValue(), 'Bo Larsen');
    assert.equal(await dialog().getByLabel('Email address').inputValue(), 'bo.larsen@example.org');
    assert.equal(await dialog().getByLabel('Role').inputValue(), 'compliance');
    await isFine(ana, 'draft-restored');
    const gone = ana.waitForResponse((one) => one.request().method() === 'DELETE');
    await dialog().getByRole('button', { name: 'Discard' }).click();
    assert.equal((await gone).status(), 204);
    assert.equal(await dialog().getByLabel('Name').inputValue(), '');
    await ana.reload();
    await ana.getByRole('button', { name: 'Invite', exact: true }).click();
    await dialog().getByLabel('Name').waitFor();
    await ana.waitForLoadState('networkidle');
    assert.equal(await ana.getByText('Restored what you had typed').count(), 0);
    await ana.keyboard.press('Escape');
  });

  it('find the groups again that they had added to a provider and not saved', async () => {
    await ana.goto(`${stage.url}/people/sign-on`);
    await ana.getByRole('button', { name: 'Connect a provider' }).click();
    await ana.getByLabel('Name').fill('Clinic account');
    await ana.getByRole('button', { name: 'Go on' }).click();
    await ana.getByRole('button', { name: 'Add a group' }).click();
    await ana.getByRole('button', { name: 'Add a group' }).click();
    await ana.getByRole('textbox', { name: 'Group 1' }).fill('nurses');
    await ana.getByLabel('Role of group 2').selectOption('sender');
    const saved = ana.waitForResponse((one) => one.url().includes('/v1/drafts/sign-on-people-'));
    await ana.getByRole('textbox', { name: 'Group 2' }).fill('heralds');
    assert.equal((await saved).status(), 200);
    await ana.reload();
    await ana.getByText('Restored what you had typed').waitFor();
    assert.equal(await ana.getByRole('textbox', { name: 'Group 1' }).inputValue(), 'nurses');
    assert.equal(await ana.getByRole('textbox', { name: 'Group 2' }).inputValue(), 'heralds');
    assert.equal(await ana.getByLabel('Role of group 2').inputValue(), 'sender');
    await isFine(ana, 'draft-of-groups');
    await ana.getByRole('button', { name: 'Discard' }).click();
    await ana.getByRole('textbox', { name: 'Group 1' }).waitFor({ state: 'detached' });
  });

  /** The last one was used. */
  const nextCode = async (): Promise<string> => codeOf(secret, { now: () => new Date(Date.now() + 30_000) });

  it('have limits per role and department, in plain words', async () => {
    await page.goto(`${stage.url}/people`);
    await page.getByLabel('New department').fill('Exam rooms');
    await page.getByRole('button', { name: 'Add' }).click();
    const viewer = page.getByRole('form', { name: 'Viewer' });
    await viewer.getByLabel('Unused, minutes').fill('10');
    await viewer.getByRole('button', { name: 'Set the limits of Viewer' }).click();
    await viewer.getByText('Saved').waitFor();
    const room = page.getByRole('form', { name: 'Exam rooms' });
    await room.getByLabel('Unused, minutes').fill('5');
    await room.getByRole('button', { name: 'Set the limits of Exam rooms' }).click();
    await room.getByText('Saved').waitFor();
    const { limits } = await stage.api<{ limits: { role: string; idleMinutes: number }[] }>('/v1/session-limits');
    assert.equal(limits.find(({ role }) => role === 'viewer')?.idleMinutes, 10);
    const { departments } = await stage.api<{ departments: { idleMinutes: number }[] }>('/v1/departments');
    assert.deepEqual(
      departments.map(({ idleMinutes }) => idleMinutes),
      [5],
    );
    await isFine(page, 'session-limits');
  });

  it('are narrowed to exact permissions', async () => {
    const person = { email: 'cem.aydin@example.org', name: 'Cem Aydin', role: 'sender' };
    await stage.api('/v1/users', { method: 'POST', body: JSON.stringify(person) });
    await page.reload();
    await page.getByRole('button', { name: 'Change Cem Aydin' }).click();
    const dialog = page.getByRole('dialog', { name: 'Cem Aydin' });
    await dialog.getByText('Exactly what they may do').click();
    await dialog.getByLabel('Only some of what the role allows').press('Space');
    assert.equal(await dialog.getByRole('checkbox', { name: 'people.manage' }).count(), 0, 'no more than the role');
    await dialog.getByRole('checkbox', { name: 'messages.send' }).press('Space');
    await isFine(page, 'exact-permissions');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'hidden' });
    const { users } = await stage.api<{ users: { name: string; permissions: string[] | null }[] }>('/v1/users');
    const permissions = users.find(({ name }) => name === person.name)?.permissions ?? [];
    assert.deepEqual([permissions.includes('messages.read'), permissions.includes('messages.send')], [true, false]);
  });
});
