/** Signing in as a person: invited, with a passkey or a password and code, asked again before what matters, signed out when away. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { isFine, openBrowser, patienceMs, screenshot, seriousFaults, watch } from '../kit/browser.ts';
import { codeOf } from '../kit/person.ts';
import { type Stage, setStage } from './stage.ts';

let stage: Stage;
let browser: Browser;
/** A browser knows no passkeys for bare addresses. */
let home: string;

before(async () => {
  stage = await setStage();
  browser = await openBrowser();
  home = stage.url.replace('127.0.0.1', 'localhost');
});
after(async () => {
  await browser?.close();
  await stage?.close();
});

async function newContext(scheme: 'light' | 'dark' = 'light', width = 1440): Promise<BrowserContext> {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    reducedMotion: 'reduce',
    colorScheme: scheme,
  });
  context.setDefaultTimeout(patienceMs);
  return context;
}

/** A fingerprint reader that always agrees. https://chromedevtools.github.io/devtools-protocol/tot/WebAuthn/ */
async function withAuthenticator(page: Page): Promise<void> {
  const devTools = await page.context().newCDPSession(page);
  await devTools.send('WebAuthn.enable');
  await devTools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
    },
  });
}

const atHome = (link: string): string => home + new URL(link).pathname + new URL(link).hash;

async function signedInByLink(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(atHome(await stage.signInLink()));
  await page.getByRole('heading', { level: 1, name: 'Campaigns' }).waitFor();
  return page;
}

/** From the page of whoever invites; gives the link. */
async function invite(page: Page, name: string, email: string, role: string): Promise<string> {
  await page.goto(`${home}/people`);
  await page.getByRole('button', { name: 'Invite', exact: true }).click();
  await page.getByLabel('Name', { exact: false }).first().fill(name);
  await page.getByLabel('Email address').fill(email);
  await page.getByLabel('Role').selectOption(role);
  await page.getByRole('button', { name: 'Make the invitation' }).click();
  const shown = page.getByText(/#invitation=/);
  await shown.waitFor();
  const link = ((await shown.textContent()) ?? '').trim();
  await page.getByRole('button', { name: 'Done' }).click();
  return atHome(link);
}

const stepUpNeeded = {
  status: 403,
  contentType: 'application/problem+json',
  body: JSON.stringify({ code: 'auth.step_up_needed', title: 'This asks for a fresh proof of who you are.' }),
};

describe('a person', () => {
  let ana: Page;
  let anaContext: BrowserContext;

  before(async () => {
    const inviting = await newContext();
    const link = await invite(await signedInByLink(inviting), 'Ana Lopez', 'ana.lopez@example.org', 'owner');
    await inviting.close();
    anaContext = await newContext();
    ana = await anaContext.newPage();
    await withAuthenticator(ana);
    await ana.goto(link);
    await ana.getByRole('heading', { name: 'Welcome, Ana Lopez' }).waitFor();
    assert.ok(!ana.url().includes('invitation='), 'the token is taken out of the address');
    await isFine(ana, 'invitation');
    await ana.getByRole('button', { name: 'Make a passkey' }).click();
    await ana.getByRole('heading', { level: 1, name: 'Campaigns' }).waitFor();
  });
  after(() => anaContext?.close());

  it('signs in with the passkey that the invitation made, by keyboard alone', async () => {
    await ana.getByRole('button', { name: 'Sign out' }).click();
    await ana.getByText('You are signed out').waitFor();
    await isFine(ana, 'sign-in');
    await ana.getByRole('button', { name: 'Use a passkey' }).focus();
    const sent = ana.waitForRequest((request) => request.url().endsWith('/v1/sign-in/passkey'));
    await ana.keyboard.press('Enter');
    await ana.getByRole('heading', { level: 1, name: 'Campaigns' }).waitFor();
    await ana.getByRole('link', { name: 'Ana Lopez' }).waitFor();
    const body = (await sent).postData() ?? '';
    const replay = (headers: Record<string, string>) =>
      fetch(`${stage.url}/v1/sign-in/passkey`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      });
    const answers = await Promise.all([replay({ origin: home }), replay({ origin: 'https://evil.example' })]);
    assert.deepEqual(
      answers.map((answer) => [answer.status, answer.headers.get('set-cookie')]),
      [
        [401, null],
        [401, null],
      ],
      'an answer to a challenge is taken once',
    );
  });

  it('adds a second passkey only with a fresh proof, and cannot remove the last way in', async () => {
    await ana.goto(`${home}/me`);
    await ana.getByRole('button', { name: 'Remove First passkey' }).click();
    await ana.getByText('It is the only way to sign in.').waitFor();
    await isFine(ana, 'me');
    // The server's five minutes have not passed: it is made to say once that they have.
    await ana.route('**/v1/me/passkeys/options', (route) => route.fulfill(stepUpNeeded), { times: 1 });
    await ana.getByLabel('New passkey').fill('Second');
    await ana.getByRole('button', { name: 'Add a passkey' }).click();
    const dialog = ana.getByRole('dialog', { name: 'Is it still you?' });
    await dialog.waitFor();
    assert.deepEqual(await seriousFaults(ana), []);
    await screenshot(ana, 'prove-again');
    const proved = ana.waitForResponse((response) => response.url().endsWith('/v1/session/step-up'));
    await dialog.getByRole('button', { name: 'Use a passkey' }).click();
    assert.equal((await proved).status(), 200);
    await ana.getByText('This device has a passkey for you already.').waitFor();
    await dialog.waitFor({ state: 'hidden' });
  });

  it('is warned before an unused console closes, stays by a press, and is signed out otherwise', async () => {
    await ana.clock.install();
    await ana.goto(`${home}/people`);
    await ana.getByRole('heading', { level: 1, name: 'People' }).waitFor();
    await ana.clock.fastForward(29 * 60_000 + 10_000);
    const warning = ana.getByRole('dialog', { name: 'You will be signed out' });
    await warning.waitFor();
    await ana.getByText(/\d+ seconds left/).waitFor();
    assert.deepEqual(await seriousFaults(ana), []);
    await screenshot(ana, 'session-end');
    await ana.getByRole('button', { name: 'Stay signed in' }).press('Enter');
    await warning.waitFor({ state: 'hidden' });
    await ana.clock.fastForward(30 * 60_000);
    await ana.getByText('Your session has ended').waitFor();
    assert.equal(await ana.evaluate(`fetch('/v1/session').then((answer) => answer.status)`), 401);
  });
});

describe('people', () => {
  let owner: Page;
  let context: BrowserContext;
  before(async () => {
    context = await newContext();
    owner = await signedInByLink(context);
  });
  after(() => context?.close());

  it('sign in with a password and an authenticator app too, and keep their recovery codes', async () => {
    const link = await invite(owner, 'Bo Larsen', 'bo.larsen@example.org', 'viewer');
    const guest = await newContext('dark', 390);
    const faults = await watch(guest, home);
    const bo = await guest.newPage();
    await bo.goto(link);
    await bo.getByRole('heading', { name: 'Welcome, Bo Larsen' }).waitFor();
    await isFine(bo, 'invitation-dark-390');
    const secret = ((await bo.getByText(/^[A-Z2-7]{32}$/).textContent()) ?? '').trim();
    await bo.locator('input[name=password]').fill('password1234');
    await bo.getByLabel('Code of the authenticator app').fill(codeOf(secret, { now: () => new Date() }));
    await bo.getByRole('button', { name: 'Use this password' }).click();
    await bo.getByText('among the first that are guessed').waitFor();
    faults.errors.length = 0; // the browser itself notes the refusal
    await bo.locator('input[name=password]').fill('seven herons over the lake');
    await bo.getByRole('button', { name: 'Use this password' }).click();
    await bo.getByText('Keep these recovery codes').waitFor();
    const code = ((await bo.getByText(/^[2-9a-z]{4}-/).textContent()) ?? '').split('\n')[0] ?? '';
    await isFine(bo, 'recovery-codes-dark-390');
    await bo.getByRole('button', { name: 'I have kept them' }).click();
    await bo.getByRole('heading', { level: 1, name: 'Campaigns' }).waitFor();
    await guest.clearCookies();
    await bo.goto(`${home}/sign-in`);
    await isFine(bo, 'sign-in-dark-390');
    await bo.getByLabel('Email address').fill('Bo.Larsen@example.org');
    await bo.locator('input[name=password]').fill('seven herons over the lake');
    await bo.getByLabel('Code of the authenticator app').fill(code);
    await bo.getByRole('button', { name: 'Continue' }).click();
    await bo.getByRole('heading', { level: 1, name: 'Campaigns' }).waitFor();
    await bo.goto(`${home}/me`);
    await bo.getByText('9 recovery codes left').waitFor();
    await isFine(bo, 'me-dark-390');
    await bo.goto(`${home}/people`);
    await bo.getByText('Your role does not open this page').waitFor();
    assert.equal(
      await bo.getByRole('button', { name: 'Invite' }).count(),
      0,
      'nothing is offered that would be refused',
    );
    assert.deepEqual([faults.foreign, faults.policy], [[], []]);
    await guest.close();
  });

  it('are listed, given a department, and deactivated with all that is theirs', async () => {
    await owner.goto(`${home}/people`);
    await owner.getByLabel('New department').fill('Ward');
    await owner.getByLabel('Closes after minutes').fill('5');
    await owner.getByRole('button', { name: 'Add' }).click();
    await owner.getByText('closes after 5 minutes').waitFor();
    await owner.getByRole('button', { name: 'Change Bo Larsen' }).click();
    await owner.getByRole('dialog').getByLabel('Department').selectOption('Ward');
    await owner.getByRole('button', { name: 'Save' }).click();
    await owner.getByRole('row').filter({ hasText: 'bo.larsen@example.org' }).getByText('Ward').waitFor();
    await isFine(owner, 'people');
    await owner.setViewportSize({ width: 390, height: 844 });
    await isFine(owner, 'people-390');
    await owner.setViewportSize({ width: 1440, height: 900 });
    await owner.getByRole('button', { name: 'Change Bo Larsen' }).click();
    await isFine(owner, 'people-change');
    await owner.getByRole('button', { name: 'Deactivate' }).click();
    await owner.getByText('Press again to go on').waitFor();
    await owner.getByRole('button', { name: 'End all and deactivate' }).click();
    const row = owner.getByRole('row').filter({ hasText: 'bo.larsen@example.org' });
    await row.getByText('Deactivated').waitFor();
    await owner.getByRole('button', { name: 'End: Bo Larsen' }).first().waitFor({ state: 'hidden' });
  });
});
