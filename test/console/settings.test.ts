/** Settings, other providers, API keys and the audit log in the console: what they change, and how they look. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import type { ProviderConnection } from '../../src/contract/providers.ts';
import type { OutboundSettings } from '../../src/contract/settings.ts';
import { type Faults, isFineEverywhere, screenshot, seriousFaults } from '../kit/browser.ts';
import { until } from '../kit/tracking.ts';
import { type SignedIn, type Stage, signIn } from './stage.ts';

let stage: Stage;
let faults: Faults;
let page: Page;

let signedIn: SignedIn;
before(async () => {
  signedIn = await signIn();
  ({ stage, faults, page } = signedIn);
});
after(() => signedIn?.close());

async function open(path: string): Promise<void> {
  await page.goto(stage.url + path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForLoadState('networkidle');
}

const settings = (): Promise<OutboundSettings> => stage.api<OutboundSettings>('/v1/settings/outbound');
const button = (name: string): Locator => page.getByRole('button', { name, exact: true });
const dialog = (): Locator => page.getByRole('dialog');
const dialogGone = (): Promise<void> => dialog().waitFor({ state: 'detached' });
const saved = (): Promise<void> => page.getByText('Saved', { exact: true }).waitFor();
const codesOf = async (place: Locator): Promise<string[]> => place.locator('pre').allInnerTexts();

describe('the settings of judging', () => {
  it('put no honeypot link into mail until they are asked to, and say what it risks', async () => {
    await open('/settings');
    const honeypot = page.getByRole('switch', { name: 'Honeypot links' });
    assert.equal(await honeypot.isChecked(), false);
    assert.ok(await page.getByText('a security program on a reader’s own computer may follow it').isVisible());
    await honeypot.focus();
    await page.keyboard.press('Space');
    await saved();
    assert.equal((await settings()).honeypotLinks, true);
  });

  it('stop learning of scanners', async () => {
    await open('/settings');
    await page.getByRole('switch', { name: 'Learn scanners’ habits' }).focus();
    await page.keyboard.press('Space');
    await saved();
    assert.equal((await settings()).learnScannerHabits, false);
  });
});

describe('unsubscribing', () => {
  it('is switched off for those who have a way of their own', async () => {
    await open('/settings');
    const oneClick = page.getByRole('switch', { name: 'Let mail programs unsubscribe with one click' });
    assert.equal(await oneClick.isChecked(), true);
    await oneClick.focus();
    await page.keyboard.press('Space');
    await saved();
    assert.equal((await settings()).oneClickUnsubscribe, false);
    await page.getByRole('combobox', { name: 'What Gmail’s complaint reports are about' }).selectOption('named');
    await page.getByText('Every recipient can read it').waitFor();
    await until(async () => (await settings()).feedbackId === 'named', 'the choice is kept');
  });

  it('names the organisation as recipients know it, on the page of the link', async () => {
    await open('/settings');
    await page.getByRole('textbox', { name: 'Whose mail it is' }).fill('Example Clinic');
    await page.getByRole('textbox', { name: 'Your own words' }).fill('Write to us <any> time.');
    const saved = page.waitForResponse(
      (response) => response.url().endsWith('/v1/settings/unsubscribe-page') && response.request().method() !== 'GET',
    );
    await button('Save the page').click();
    await saved;
    await page.getByRole('button', { name: 'Save the page', disabled: true }).waitFor();
    const shown = await stage.api<object>('/v1/settings/unsubscribe-page');
    assert.deepEqual(shown, { organisation: 'Example Clinic', words: 'Write to us <any> time.' });
    await screenshot(page, 'settings-unsubscribing');
    assert.deepEqual(await seriousFaults(page), []);
  });
});

describe('how long addresses and programs are kept', () => {
  const life = (): Locator => page.getByRole('combobox', { name: 'Keep them' });

  it('is asked about before it gets shorter, and stays as it was when the answer is no', async () => {
    await open('/settings');
    await life().selectOption('days');
    await page.getByRole('textbox', { name: 'Days' }).fill('0');
    await button('Keep so long').click();
    await page.getByText('A whole number from 1 to 3650.').waitFor();
    await page.getByRole('textbox', { name: 'Days' }).fill('14');
    await page.keyboard.press('Enter');
    await dialog().getByText('older than 14 days').waitFor();
    await page.locator('button:focus', { hasText: 'Leave it as it is' }).waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await page.keyboard.press('Escape');
    await dialogGone();
    assert.equal((await settings()).keepRequestDays, null);
  });

  it('is shortened once that is meant, and lengthened without a question', async () => {
    await open('/settings');
    await life().selectOption('none');
    await button('Make them unreadable').click();
    await saved();
    assert.equal((await settings()).keepRequestDays, 0);
    await page.getByText('Both are dropped before anything is stored').waitFor();
    await open('/settings');
    await life().selectOption('days');
    await page.getByRole('textbox', { name: 'Days' }).fill('14');
    await button('Keep so long').click();
    await saved();
    assert.equal((await settings()).keepRequestDays, 14);
    await open('/settings');
    assert.equal(await page.getByRole('textbox', { name: 'Days' }).inputValue(), '14 days');
  });
});

describe('other providers', () => {
  const connections = async (): Promise<readonly ProviderConnection[]> =>
    (await stage.api<{ connections: ProviderConnection[] }>('/v1/provider-connections')).connections;

  it('are none at first, and the page says why one would want one', async () => {
    await open('/providers');
    assert.ok(await page.getByText('No provider is connected').isVisible());
    assert.deepEqual(await seriousFaults(page), []);
    await screenshot(page, 'providers-none');
  });

  it('are connected by name, with an address and a password shown once that really take events', async () => {
    await open('/providers');
    await button('Connect a provider').click();
    await dialog().getByRole('radio', { name: 'Postmark' }).check();
    await button('Make its address').click();
    await dialog().getByText('Give the connection a name').waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await screenshot(page, 'providers-connect');
    await dialog().getByLabel('Name').fill('Newsletter');
    await button('Make its address').click();
    await dialog().getByText('Copy the password now').waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await screenshot(page, 'providers-connected');
    const [url = '', user = '', password = ''] = await codesOf(dialog());
    const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    const event = {
      RecordType: 'Delivery',
      MessageID: '00000000-0000-4000-8000-000000000001',
      Recipient: 'ana@example.org',
      DeliveredAt: new Date().toISOString(),
    };
    const told = await fetch(url, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(event),
    });
    assert.equal(told.status, 200, await told.text());
    await button('I have kept the password').click();
    await dialogGone();
    assert.ok(!(await page.content()).includes(password), 'the password is gone from the page');
    await open('/providers');
    assert.ok(await page.getByText('1 event taken.').isVisible());
    assert.ok(await page.getByText('Working', { exact: true }).isVisible());
  });

  it('say in words why a call was refused', async () => {
    const [{ url } = { url: '' }] = await connections();
    await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
    await open('/providers');
    assert.ok(await page.getByText('Last call refused').isVisible());
    assert.ok(await page.getByText(/^Last refusal, /).isVisible());
  });

  it('get the key they sign with later, and a wrong one is refused in words', async () => {
    await button('Connect a provider').click();
    await dialog().getByRole('radio', { name: 'Resend' }).check();
    await dialog().getByLabel('Name').fill('Receipts');
    await button('Make its address').click();
    await button('I have kept the password').click();
    await button('Set the key of Receipts').click();
    const key = dialog().getByLabel('Signing secret');
    await key.fill('wrong');
    await page.keyboard.press('Enter');
    await dialog().getByText('The verification key is not one of this provider’s.').waitFor();
    await key.fill(`whsec_${Buffer.alloc(24, 7).toString('base64')}`);
    await page.keyboard.press('Enter');
    await dialogGone();
    await button('Change the key of Receipts').waitFor();
    assert.equal((await connections()).find(({ name }) => name === 'Receipts')?.checks, 'signature');
    faults.errors.length = 0; // the browser reports the refusal that was asked for
  });

  it('are closed once that is meant', async () => {
    await button('Delete Receipts').click();
    await button('Delete the connection').click();
    await dialogGone();
    assert.deepEqual(
      (await connections()).map(({ name }) => name),
      ['Newsletter'],
    );
  });
});

describe('an API key', () => {
  const works = async (secret: string, path: string): Promise<number> =>
    (await fetch(`${stage.url}${path}`, { headers: { authorization: `Bearer ${secret}` } })).status;

  it('may do exactly what was ticked, until its day, from its networks', async () => {
    await open('/api-keys');
    await button('New key').click();
    await dialog().getByLabel('Name').fill('Numbers');
    await dialog().getByLabel('What it may do').selectOption('exact');
    for (const box of await dialog().getByRole('checkbox').all()) await box.uncheck();
    await dialog().getByRole('checkbox', { name: 'networks.read' }).check();
    await dialog().getByLabel('Expires after').fill('2099-12-31');
    await dialog().getByLabel('Only from these networks').fill('127.0.0.0/8\nnowhere');
    assert.deepEqual(await seriousFaults(page), []);
    await screenshot(page, 'api-keys-exact');
    await button('Make the key').click();
    await dialog().getByText('Entry 2: is no address or network').waitFor();
    await dialog().getByLabel('Only from these networks').fill('127.0.0.0/8');
    await button('Make the key').click();
    await dialog().getByText('Copy it now').waitFor();
    const [secret = ''] = await codesOf(dialog());
    assert.equal(await works(secret, '/v1/networks'), 200);
    assert.equal(await works(secret, '/v1/settings/outbound'), 403);
    await button('I have kept the secret').click();
    const row = page.getByRole('row').filter({ hasText: 'Numbers' });
    assert.match((await row.textContent()) ?? '', /See the lists of networks and their age.*2099.*127\.0\.0\.0\/8/);
    faults.errors.length = 0; // the browser reports the refusal that was asked for
  });

  it('is replaced by another while the old one still works', async () => {
    await open('/api-keys');
    await button('Replace Numbers').click();
    await dialog().getByLabel('Hours for which the old key still works').fill('2');
    await screenshot(page, 'api-keys-replace');
    await button('Make the new key').click();
    await dialog().getByText('Copy it now').waitFor();
    const [secret = ''] = await codesOf(dialog());
    assert.equal(await works(secret, '/v1/networks'), 200);
    await button('I have kept the secret').click();
    await page.getByText('Replaced', { exact: true }).filter({ visible: true }).waitFor();
    await button('Revoke the replaced Numbers').waitFor();
  });
});

describe('the audit log', () => {
  it('is exported as a file that holds what was just done', async () => {
    await open('/trust/audit');
    const [download] = await Promise.all([page.waitForEvent('download'), button('Export').click()]);
    const text = Buffer.concat(await (await download.createReadStream()).toArray()).toString('utf8');
    assert.match(text, /provider_connection\.deleted/);
    assert.equal(download.suggestedFilename(), 'waxwing-audit.jsonl');
    await page.getByText('The file is in your downloads.').waitFor();
  });

  it('refuses days in the wrong order, and shows the key to check it with', async () => {
    await page.getByLabel('First day').fill('2026-11-22');
    await page.getByLabel('Last day').fill('2026-11-20');
    await button('Export').click();
    await page.getByText('The last day is before the first.').waitFor();
    assert.ok(await page.getByText('BEGIN PUBLIC KEY').isVisible());
  });
});

describe('these pages', () => {
  /** Settings and keys are looked at with the rest of the console, the entries of the log with theirs. */
  it('are fine on a desk in light, and on a telephone in the dark', async () => {
    await open('/providers');
    await isFineEverywhere(page, 'providers');
  });

  it('ask nothing of another host, break no policy and raise no error', () => {
    assert.deepEqual(faults, { foreign: [], policy: [], errors: [] });
  });
});
