/** A message in the console: bursts told in one line, rules tried from a verdict, and erasure with its certificate. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import type { EventBody } from '../../src/contract/messages.ts';
import { burstHeadline, inBursts, sharedReasons } from '../../web/console/messages/bursts.ts';
import { headlineOf } from '../../web/console/messages/event-words.ts';
import { type Faults, isFineEverywhere, overflowPx, screenshot, seriousFaults } from '../kit/browser.ts';
import { until } from '../kit/tracking.ts';
import { people, type SignedIn, type Stage, scanned, signIn } from './stage.ts';

const reason = { rule: 'burst', text: 'Many links within a moment.' };
const verdict = {
  verdict: 'automated',
  strength: 'certain',
  actor: 'proofpoint',
  unknowable: false,
  reasons: [reason],
  ruleset: 'r',
  provisional: false,
} as const;

const hit = (ms: number, more: Partial<EventBody> = {}): EventBody => ({
  id: `018f0000-0000-7000-8000-${String(ms).padStart(12, '0')}`,
  type: 'clicked',
  recipientId: null,
  occurredAt: new Date(Date.UTC(2026, 10, 22) + ms).toISOString(),
  verdict: { ...verdict, reasons: [reason] },
  link: { index: ms, url: 'https://clinic.example/' },
  ...more,
});

describe('hits of one machine', () => {
  const told = (events: readonly EventBody[]): string[] =>
    inBursts(events).map((item) => (item.kind === 'burst' ? burstHeadline(item) : item.event.type));

  it('are told in one line, with how many links, how fast and by whom', () => {
    assert.deepEqual(told([0, 100, 200, 300, 400, 900].map((ms) => hit(ms))), [
      '6 links within 1 second, by Proofpoint',
    ]);
  });

  it('name the image, repeated links and the link that nobody can see', () => {
    const image = hit(0, { type: 'opened', link: undefined });
    const again = hit(300, { link: { index: 100, url: 'https://clinic.example/' } });
    const hidden = hit(2500, { link: undefined, honeypot: true });
    assert.deepEqual(told([image, hit(100), again, hidden]), [
      'The image, 1 link (2 times), and a link that nobody can see within 3 seconds, by Proofpoint',
    ]);
    assert.equal(headlineOf(hidden), 'A machine followed a link that nobody can see');
  });

  it('stay apart when a person comes between, when time passes, or when only two came', () => {
    const person = hit(150, { verdict: { ...verdict, verdict: 'human', reasons: [] } });
    assert.equal(told([hit(0), hit(100), person, hit(200), hit(300)]).length, 5);
    assert.equal(told([hit(0), hit(20_000), hit(40_000)]).length, 3);
    assert.equal(told([hit(0), hit(100)]).length, 2);
  });

  it('share only the reasons that each of them has', () => {
    const other = hit(100, { verdict: { ...verdict, reasons: [reason, { rule: 'agent', text: 'A library.' }] } });
    const [burst] = inBursts([hit(0), other, hit(200)]);
    assert.ok(burst?.kind === 'burst');
    assert.deepEqual(sharedReasons(burst), [reason]);
  });
});

describe('a message', () => {
  let stage: Stage;
  let faults: Faults;
  let page: Page;

  let signedIn: SignedIn;
  before(async () => {
    signedIn = await signIn();
    ({ stage, faults, page } = signedIn);
  });
  after(() => signedIn?.close());

  const button = (name: string): Locator => page.getByRole('button', { name, exact: true });
  const dialog = (): Locator => page.getByRole('dialog');

  async function recipient(email: string): Promise<void> {
    await page.goto(`${stage.url}/messages/${stage.messageId}`);
    await page.getByRole('button', { name: new RegExp(email) }).click();
    await page.locator('ol').first().waitFor();
    await page.waitForLoadState('networkidle');
  }

  it('tells a scanner’s burst in one entry, and each request when it is unfolded', async () => {
    await recipient(scanned);
    await page.getByText(/3 links within \d+ seconds?, by /).waitFor();
    assert.equal(await page.getByText('Link followed by a machine').first().isVisible(), false);
    await page.getByRole('button', { name: /^All \d requests$/ }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('Link followed by a machine').first().waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await screenshot(page, 'message-burst');
  });

  it('leads from a verdict to the trial of its rule', async () => {
    await button('Evidence').filter({ visible: true }).first().click();
    const link = page
      .getByRole('link', { name: /^What if this rule were off\? / })
      .filter({ visible: true })
      .first();
    const rule = /\((\S+)\)/.exec((await link.textContent()) ?? '')?.[1] ?? '';
    await screenshot(page, 'message-evidence');
    await link.click();
    await page.getByRole('dialog', { name: 'Try it first' }).waitFor();
    assert.equal(new URL(page.url()).searchParams.get('try'), rule);
  });

  it('says of a hit whose address is not kept any more that it is not', async () => {
    const keep = (keepRequestDays: number | null) =>
      stage.api('/v1/settings/outbound', { method: 'PATCH', body: JSON.stringify({ keepRequestDays }) });
    await keep(0);
    await recipient(people[0] ?? '');
    await button('Evidence').first().click();
    await page.getByText('The verdict rests on what was derived from them.').first().waitFor();
    await keep(null);
  });

  it('tells how a copy travelled, and gives the signed receipt as a file', async () => {
    await recipient(people[0] ?? '');
    await button('How it travelled').press('Enter');
    await page.getByText(/^Your organisation asked for encryption wherever it is offered\.$/).waitFor();
    await page.getByText(/^Delivered, /).waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await screenshot(page, 'message-travelled');
    await page.setViewportSize({ width: 390, height: 800 });
    assert.equal(await overflowPx(page), 0);
    await screenshot(page, 'message-travelled-390');
    await page.setViewportSize({ width: 1280, height: 800 });
    const link = page.getByRole('link', { name: 'Download the receipt' });
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    const text = Buffer.concat(await (await download.createReadStream()).toArray()).toString('utf8');
    const receipt = JSON.parse(text) as { message: string; signature: string };
    assert.equal(receipt.message, stage.messageId);
    assert.match(receipt.signature, /^[\w-]{86}$/);
  });

  it('lets mail that policy keeps back go with less protection, for a reason that the receipt tells', async () => {
    const submission = { from: 'care@clinic.example', to: ['gil@clinic.example'], subject: 'Kept back', text: 'x' };
    const { id } = await stage.api<{ id: string }>('/v1/messages', {
      method: 'POST',
      body: JSON.stringify({ ...submission, minimumTransport: 'authenticated' }),
    });
    await until(
      async () =>
        (await stage.api<{ recipients: { status: string }[] }>(`/v1/messages/${id}`)).recipients[0]?.status ===
        'deferred',
      'kept back',
    );
    await page.goto(`${stage.url}/messages/${id}`);
    await button('How it travelled').click();
    await button('Send with less protection').click();
    await dialog().getByLabel('Unencrypted, where the server offers nothing better').check();
    await dialog().getByRole('textbox', { name: 'Reason' }).fill('Agreed with the practice by telephone');
    assert.deepEqual(await seriousFaults(page), []);
    await screenshot(page, 'transport-release');
    await page.setViewportSize({ width: 390, height: 800 });
    assert.equal(await overflowPx(page), 0);
    await screenshot(page, 'transport-release-390');
    await page.setViewportSize({ width: 1280, height: 800 });
    await dialog().getByRole('button', { name: 'Send with less protection' }).click();
    await page.getByText('Reason: Agreed with the practice by telephone').waitFor();
    await page.getByText(/ let it go even unencrypted, from /).waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await screenshot(page, 'transport-released');
    await until(
      async () =>
        (await stage.api<{ recipients: { status: string }[] }>(`/v1/messages/${id}`)).recipients[0]?.status ===
        'delivered',
      'let go',
    );
  });

  it('is erased only once the word was typed, and leaves a signed certificate to keep', async () => {
    await recipient(people[0] ?? '');
    await button('Erase').click();
    await button('Erase the message').click();
    await dialog().getByText('Type ERASE to show that you mean it.').waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await screenshot(page, 'message-erase');
    await dialog().getByRole('textbox').fill('ERASE');
    await page.keyboard.press('Enter');
    await page.locator('a:focus', { hasText: 'Download the certificate' }).waitFor();
    await screenshot(page, 'message-erase-certificate');
    const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    const text = Buffer.concat(await (await download.createReadStream()).toArray()).toString('utf8');
    const certificate = JSON.parse(text) as { message: string; signature: string };
    assert.equal(certificate.message, stage.messageId);
    await button('Done').click();
    await dialog().waitFor({ state: 'detached' });
    await page.getByRole('heading', { level: 1, name: 'Erased message' }).waitFor();
    await button('Show the certificate').click();
    await page.getByText(certificate.signature).waitFor();
    assert.ok(!(await page.content()).includes(people[0] ?? '-'), 'no address is on the page');
  });

  it('that is erased is shown so, on a desk in light and on a telephone in the dark', async () => {
    await isFineEverywhere(page, 'message-erased');
    await page.goto(`${stage.url}/messages`);
    await page.getByRole('link', { name: 'Erased message' }).waitFor();
    assert.deepEqual(faults, { foreign: [], policy: [], errors: [] });
  });
});
