/** The audit log in the console: what happened in plain words, found by filters and by links, taken away as a file. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import type { Locator, Page } from 'playwright-core';
import { type Faults, isFineEverywhere, screenshot, seriousFaults } from '../kit/browser.ts';
import { type SignedIn, type Stage, signIn } from './stage.ts';

let signedIn: SignedIn;
let stage: Stage;
let faults: Faults;
let page: Page;
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

const button = (name: string): Locator => page.getByRole('button', { name, exact: true });
/** Lines of the timeline, newest first. */
const lines = (): Promise<string[]> => page.locator('details > summary').allInnerTexts();
const shown = (text: string | RegExp): Promise<void> =>
  page.locator('details > summary').filter({ hasText: text }).first().waitFor();

describe('the timeline', () => {
  it('tells what happened in plain words', async () => {
    await open('/trust/audit');
    await shown('Somebody with an installation link signed in by an installation link');
    const text = (await lines()).join('\n');
    assert.doesNotMatch(text, /\w+\.(accepted|opened|listed)\b/, 'no names of actions');
  });

  it('stands below a chart of its days, whose bars lead to what happened then', async () => {
    await page.getByText(/entries in 30 days, \d+ of them refused; most on/).waitFor();
    const bars = page.getByRole('img', { name: /entries in 30 days/ }).locator('.recharts-bar-rectangle path');
    await bars.last().click();
    const today = new Date().toISOString().slice(0, 10);
    await page.waitForURL(new RegExp(`since=${today}&until=${today}`));
    await shown('signed in');
    assert.deepEqual(await seriousFaults(page), []);
    await screenshot(page, 'trust/audit-days');
    await open('/trust/audit');
  });

  it('unfolds to all that is known, with a way to the message and to everything about it', async () => {
    await page.getByLabel('Kind').selectOption('message');
    await button('Show').click();
    await shown(/API key “.+” sent a message to 7 recipients/);
    const entry = page.locator('details').filter({ hasText: 'to 7 recipients' }).first();
    await entry.locator('summary').press('Enter');
    await entry.getByText('127.0.0.1').waitFor();
    await entry.getByText('message.accepted').waitFor();
    await screenshot(page, 'trust/audit-unfolded');
    await entry.getByRole('link', { name: 'All about this' }).click();
    await page.getByText('Only what was done to one thing.').waitFor();
    assert.match(page.url(), new RegExp(`objectId=${stage.messageId}`));
    await shown('sent a message to 7 recipients');
    await button('Show all').click();
    await shown('signed in');
  });

  it('is reached from a message, and shows who looked at it', async () => {
    await open(`/messages/${stage.messageId}`);
    await page.getByRole('link', { name: 'Who looked at this' }).click();
    await shown('Somebody with an installation link read a message and its recipients');
    for (const line of await lines()) assert.match(line, /message/);
  });

  it('keeps words that are looked for out of the address', async () => {
    await open('/trust/audit');
    await page.getByLabel('Who or what').fill('nobody is called this');
    await button('Show').click();
    await page.getByText('Nothing like that was written down').waitFor();
    assert.doesNotMatch(page.url(), /nobody/);
  });

  it('shows more on demand', async () => {
    for (let times = 0; times < 60; times++) await stage.api('/v1/messages?limit=1');
    await open('/trust/audit');
    await shown('looked at a list of 1 message');
    const before = (await lines()).length;
    assert.equal(before, 50);
    await button('Show more').click();
    await page.locator('details').nth(50).waitFor();
    assert.ok((await lines()).length > before);
  });

  it('says how far back it searched where few entries fit, and goes on from there', async () => {
    const owner = new pg.Client(stage.databaseUrl);
    await owner.connect();
    await owner.query(
      `INSERT INTO audit_entries (account_id, id, at, actor_kind, actor_id, action, object_kind, object_id, outcome)
       SELECT a.account_id, overlay(overlay(overlay(md5(n::text) placing lpad(to_hex(extract(epoch FROM timestamptz '2026-01-01')::bigint * 1000 + n), 12, '0')
                from 1 for 12) placing '7' from 13) placing '8' from 17)::uuid, timestamptz '2026-01-01' + n * interval '1 ms', 'system',
              'nightly', 'template.read', CASE WHEN n % 2 = 0 THEN 'template' ELSE 'report' END, 'many', CASE WHEN n % 2 = 0 THEN 'done' ELSE 'refused' END
         FROM accounts a CROSS JOIN generate_series(1, 7000) AS n`,
    );
    await owner.end();
    await open('/trust/audit?objectKind=template&outcome=refused');
    await page.getByText(/Nothing like that so far. Searched back to/).waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await screenshot(page, 'trust/audit-searched-back');
    await button('Search further back').click();
    await page.getByText('Nothing like that was written down').waitFor();
    assert.equal(await button('Search further back').count(), 0);
  });

  it('is taken away as a table', async () => {
    await open('/trust/audit?objectKind=message');
    const [download] = await Promise.all([page.waitForEvent('download'), button('As a table (CSV)').click()]);
    const text = Buffer.concat(await (await download.createReadStream()).toArray()).toString('utf8');
    assert.match(text, /^\ufeffat,action,outcome/);
    assert.match(text, /message\.accepted/);
    assert.doesNotMatch(text, /messages\.listed/);
  });
});

describe('the page', () => {
  it('is fine on a desk in light, and on a telephone in the dark, with an entry unfolded', async () => {
    await open('/trust/audit');
    await page.locator('details > summary').first().click();
    await isFineEverywhere(page, 'trust/audit-entries');
  });

  it('asked nobody else and met no fault', () => {
    assert.deepEqual(faults, { foreign: [], policy: [], errors: [] });
  });
});
