/** Single sign-on in a browser: an administrator sets a provider up, somebody of the clinic comes in by it and proves themselves. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { isFine, patienceMs, watch } from '../kit/browser.ts';
import { type IdentityProvider, startIdentityProvider } from '../kit/identity-provider.ts';
import { type SignedIn, signIn } from './stage.ts';

let admin: SignedIn;
let idp: IdentityProvider;
const secret = 'a secret of forty letters and some digits 12';

before(async () => {
  idp = await startIdentityProvider('localhost');
  admin = await signIn();
});
after(async () => {
  await admin?.close();
  await idp?.close();
});

const newContext = async (scheme: 'light' | 'dark' = 'light', width = 1440): Promise<BrowserContext> => {
  const context = await admin.browser.newContext({
    viewport: { width, height: 900 },
    reducedMotion: 'reduce',
    colorScheme: scheme,
  });
  context.setDefaultTimeout(patienceMs);
  return context;
};

const stepUpNeeded = {
  status: 403,
  contentType: 'application/problem+json',
  body: JSON.stringify({ code: 'auth.step_up_needed', title: 'This asks for a fresh proof of who you are.' }),
};

describe('an administrator', () => {
  it('connects a provider step by step, and is told what is wrong on the way', async () => {
    const { page } = admin;
    await page.goto(`${admin.stage.url}/people`);
    await page.getByRole('link', { name: 'Single sign-on' }).click();
    await page.getByRole('heading', { name: 'No identity provider is connected' }).waitFor();
    await isFine(page, 'sign-on-none');
    await page.getByRole('button', { name: 'Connect a provider' }).click();
    await page.getByLabel('Name').fill('Clinic account');
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('heading', { level: 2, name: 'Clinic account' }).waitFor();
    const redirectUri = await page.getByText(/\/callback$/).textContent();
    idp.addClient({ id: 'console', secret, redirectUri: redirectUri?.trim() ?? '' });

    assert.ok(await page.getByRole('button', { name: 'Switch on' }).isDisabled());
    await page.getByLabel('Issuer').fill(`${idp.issuer}/wrong`);
    await page.getByLabel('Client id').fill('console');
    await page.getByLabel('Client secret').fill(secret);
    await page.getByRole('button', { name: 'Save and test' }).click();
    await page.getByText('There is a server at this address, but no provider.').waitFor();
    await page.getByLabel('Issuer').fill(idp.issuer);
    await page.getByRole('button', { name: 'Save and test' }).click();
    await page.getByText('The provider answers as it should').waitFor();

    await page.getByRole('textbox', { name: 'Domains' }).fill('clinic.example');
    await page.getByLabel('Make users of people who sign in for the first time').check();
    await page.getByRole('button', { name: 'Add a group' }).click();
    await page.getByRole('textbox', { name: 'Group 1' }).fill('senders');
    await page.getByLabel('Role of group 1').selectOption('sender');
    await page.getByLabel('Claim that names groups').fill('groups');
    await page.getByRole('button', { name: 'Save who comes in' }).click();
    await page.getByText('Saved.').waitFor();
    await page.getByRole('button', { name: 'Switch on' }).click();
    await page.getByText('The connection would let people reach the whole account.').waitFor();
    await page.getByLabel('How far they reach').selectOption('account');
    await page.getByRole('button', { name: 'Save who comes in' }).click();
    await page.getByText('Saved.').waitFor();

    const [name, value] = ['_waxwing-challenge.clinic.example', /^waxwing-sign-on=/];
    await page.getByText('Nobody comes in by this domain yet.').waitFor();
    await page.getByText(name).waitFor();
    const text = (await page.getByText(value).textContent()) ?? '';
    admin.stage.dns.tell(name, { txt: ['waxwing-sign-on=an-earlier-one'] });
    await page.getByRole('button', { name: 'Check now' }).click();
    await page.getByText('There is a record at this name, but another one.').waitFor();
    await page.getByText('waxwing-sign-on=an-earlier-one').waitFor();
    await isFine(page, 'sign-on-domain-wrong');
    admin.stage.dns.tell(name, { txt: [text.trim()] });
    await page.getByRole('button', { name: 'Check now' }).click();
    await page.getByText('This domain is yours.').waitFor();
    await page.getByRole('button', { name: 'Switch on' }).click();
    await page.getByRole('button', { name: 'Switch off' }).waitFor();
    await page.getByText('In use. 0 people have signed in with it so far.').waitFor();
    await isFine(page, 'sign-on');
    assert.deepEqual([admin.faults.policy, admin.faults.foreign], [[], []]);
  });

  it('sees the same in the dark and on a phone', async () => {
    const context = await newContext('dark', 390);
    const page = await context.newPage();
    await page.goto(await admin.stage.signInLink());
    await page.getByRole('heading', { level: 1, name: 'Campaigns' }).waitFor();
    await page.goto(`${admin.stage.url}/people/sign-on`);
    await page.getByRole('heading', { level: 2, name: 'Clinic account' }).waitFor();
    await isFine(page, 'sign-on-dark-narrow');
    await context.close();
  });
});

describe('somebody of the clinic', () => {
  let context: BrowserContext;
  let page: Page;
  before(async () => {
    context = await newContext();
    page = await context.newPage();
  });
  after(() => context?.close());

  it('is told in plain words when there is nothing for their address', async () => {
    await page.goto(`${admin.stage.url}/sign-in`);
    await page.getByRole('link', { name: 'Continue with single sign-on' }).click();
    await page.getByLabel('Your address at work').fill('ana@other.example');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('There is no single sign-on for this.').waitFor();
    await isFine(page, 'sign-on-address');
  });

  it('comes in from another site with cookies that never leave ours, by keyboard alone', async () => {
    const faults = await watch(context, admin.stage.url);
    idp.visitor = {
      sub: 'ana',
      claims: { email: 'ana@clinic.example', email_verified: true, name: 'Ana Lopez', groups: ['senders'] },
    };
    const field = page.getByLabel('Your address at work');
    await field.fill('ana@clinic.example');
    await field.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Campaigns' }).waitFor();
    await page.getByRole('link', { name: 'Ana Lopez' }).waitFor();
    assert.ok(!page.url().includes('code='), 'the answer is taken out of the address');
    assert.deepEqual(faults.policy, []);
    const cookies = await context.cookies(admin.stage.url);
    assert.deepEqual(
      cookies.map(({ name, sameSite, httpOnly }) => [name, sameSite, httpOnly]),
      [['waxwing', 'Strict', true]],
    );
  });

  it('proves themselves at the provider in another tab, and goes on where they were', async () => {
    await page.goto(`${admin.stage.url}/me`);
    // The server's five minutes have not passed: it is made to say once that they have.
    await page.route('**/v1/me/totp', (route) => route.fulfill(stepUpNeeded), { times: 1 });
    await page.getByRole('button', { name: 'Set a password' }).click();
    const dialog = page.getByRole('dialog', { name: 'Is it still you?' });
    const [tab] = await Promise.all([
      context.waitForEvent('page'),
      dialog.getByRole('link', { name: 'Sign in again at your organisation' }).click(),
    ]);
    await tab.getByRole('heading', { name: 'It is you' }).waitFor();
    await isFine(tab, 'sign-on-proved');
    await dialog.waitFor({ state: 'hidden' });
    await tab.close();
    await page.getByRole('button', { name: 'Use this password' }).waitFor();
  });

  it('comes in by the organisation’s own link, and is told why when they are refused', async () => {
    const { connections } = await admin.stage.api<{ connections: { signInLink: string }[] }>('/v1/single-sign-on');
    const other = await newContext('dark', 390);
    const visitor = await other.newPage();
    idp.visitor = { sub: 'ben', claims: { email: 'ben@clinic.example', email_verified: false, groups: ['senders'] } };
    await visitor.goto(connections[0]?.signInLink ?? '');
    await visitor.getByText('The identity provider does not vouch for your address.').waitFor();
    assert.ok(!visitor.url().includes('code='));
    await isFine(visitor, 'sign-on-refused');
    await other.close();
  });
});
