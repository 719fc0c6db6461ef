/** The console's pages of sending beside the queue: deliverability, suppressions, transport and preflight, in a real browser. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { accountVault, listAccounts } from '../../src/accounts/index.ts';
import { recordReturn } from '../../src/events/index.ts';
import { sql } from '../../src/platform/database.ts';
import { complaintSentence } from '../../web/console/sending/deliverability/complaint-words.ts';
import { linesOf, mostLines, partsOf } from '../../web/console/sending/suppressions/import-lines.ts';
import { isFine, isFineEverywhere } from '../kit/browser.ts';
import { until } from '../kit/tracking.ts';
import { openSending, type SignedIn, signIn } from './stage.ts';

let signed: SignedIn;
let page: Page;

before(async () => {
  signed = await signIn();
  page = signed.page;
  const { stage } = signed;
  stage.sink.answerWith(({ stage: at, address }) => {
    if (at !== 'rcpt' || !address.endsWith('.example')) return undefined;
    if (address.startsWith('gone')) return { code: 550, text: '5.1.1 no such user' };
    return address.startsWith('slow') ? { code: 451, text: '4.2.0 greylisted' } : undefined;
  });
  const to = ['ana@north.example', 'bo@north.example', 'gone@north.example', 'slow@north.example'];
  await stage.api('/v1/messages', {
    method: 'POST',
    body: JSON.stringify({ from: 'care@clinic.example', to, subject: 'Your results', text: 'They are here.' }),
  });
  await until(
    async () => {
      const { rows } = await stage.api<{
        rows: { key: string; delivered: number; bounced: number; deferred: number }[];
      }>('/v1/reports/engagement?groupBy=recipientDomain');
      const row = rows.find(({ key }) => key === 'north.example');
      return row?.delivered === 2 && row.bounced === 1 && row.deferred === 1;
    },
    'everything was tried',
    30_000,
  );
});
after(() => signed?.close());

/** As a provider reports them, and stored as returned mail stores them. */
async function complain(times: number): Promise<void> {
  const { world } = signed.stage;
  const [account] = await listAccounts(world.db);
  const accountId = account?.accountId ?? assert.fail();
  const vault = await accountVault(world, accountId);
  await world.db.asAccount(accountId, async (tx) => {
    const rows = await tx.query<{ recipientId: string; messageId: string }>(sql`
      SELECT s.recipient_id AS "recipientId", s.message_id AS "messageId" FROM recipient_states s
        JOIN messages m ON m.id = s.message_id WHERE s.status = 'delivered' ORDER BY s.recipient_id LIMIT ${times}`);
    const detail = { host: null, reply: null, why: 'The recipient called it unwanted.' };
    for (const row of rows)
      await recordReturn(
        tx,
        { accountId, vault },
        { ...row, type: 'complained', at: new Date(), detail, sealer: null },
      );
  });
}

describe('deliverability', () => {
  it('tells by domain and day what arrived, came back and waits, and leads to the recipients behind it', async () => {
    await complain(1);
    await openSending(signed, 'Deliverability');
    const row = page.getByRole('row').filter({ hasText: 'north.example' });
    await row.getByText('50.0%').waitFor();
    assert.equal(await row.getByText('25.0%').count(), 2);
    await page
      .getByRole('img', { name: /^Mail of 1 day: 12 sent, 10 delivered, 1 to be tried again, 1 bounced/ })
      .waitFor();
    await page.getByText('1 of only').first().waitFor();
    await page.getByText('Gmail asks senders to stay below 0.1% and never to reach 0.3%').waitFor();
    await isFineEverywhere(page, 'deliverability');
    await row.getByRole('button', { name: 'Recipients at north.example' }).press('Enter');
    await page.getByLabel('Only one status').selectOption('Bounced');
    await page.getByRole('link', { name: 'ana@north.example' }).waitFor({ state: 'hidden' });
    await page.getByRole('link', { name: 'gone@north.example' }).waitFor();
    await isFine(page, 'deliverability-domain');
    await page.getByText('All time').click();
    await row.getByText('50.0%').waitFor();
    await page.getByRole('link', { name: 'gone@north.example' }).click();
    await page.getByRole('heading', { level: 1, name: 'Your results' }).waitFor();
  });
});

describe('complaints', () => {
  it('are told beside the limits of the large providers', () => {
    const said = (complained: number, delivered: number) => complaintSentence({ complained, delivered });
    assert.deepEqual(
      [said(0, 5_000), said(4, 5_000), said(5, 5_000), said(15, 5_000), said(1, 999), said(3, 999), said(1, 0)],
      [
        undefined,
        'Below 0.1%',
        'At or above 0.1%: too many for Gmail',
        'At or above 0.3%: too many for all',
        '1 of only 999',
        'At or above 0.3%: too many for all',
        undefined,
      ],
    );
  });
});

describe('suppressions', () => {
  it('take an address by hand', async () => {
    await openSending(signed, 'Suppressions');
    await page.getByRole('button', { name: 'Add', exact: true }).press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Suppress an address' });
    await dialog.getByLabel('Email address').fill('ana@north.example');
    await dialog.getByLabel('Why').selectOption('Unsubscribed');
    assert.equal(await dialog.getByLabel('What is kept back').inputValue(), 'marketing');
    await isFine(page, 'suppressions-add');
    await dialog.getByRole('button', { name: 'Send nothing more there' }).click();
    await page.getByRole('cell', { name: 'ana@north.example', exact: true }).waitFor();
  });

  it('come from a pasted list, and say by line what was refused', async () => {
    await page.getByRole('button', { name: 'Import' }).click();
    const dialog = page.getByRole('dialog', { name: 'Import addresses' });
    await dialog.getByRole('button', { name: 'Import' }).click();
    await dialog.getByText('There is no address in it.').waitFor();
    await dialog
      .getByLabel('Addresses')
      .fill('email,reason,scope\nbo@north.example,complaint\n\nnot an address\ncleo@north.example');
    await dialog.getByRole('button', { name: 'Import' }).click();
    await dialog.getByText('2 addresses taken, 1 line refused.').waitFor();
    await dialog.getByRole('row', { name: /^4 / }).waitFor();
    await isFine(page, 'suppressions-imported');
    await dialog.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('cell', { name: 'cleo@north.example', exact: true }).waitFor();
    await isFineEverywhere(page, 'suppressions');
    await page.getByLabel('Only one reason').selectOption('Called our mail unwanted');
    await page.getByRole('cell', { name: 'cleo@north.example', exact: true }).waitFor({ state: 'hidden' });
  });

  it('are found by the whole address, and removed after a question', async () => {
    await page.getByRole('textbox', { name: 'Email address' }).fill('BO@north.example');
    await page.getByRole('textbox', { name: 'Email address' }).press('Enter');
    const found = page.getByRole('region', { name: 'Does mail go there?' });
    await found.getByText('Called our mail unwanted').waitFor();
    await found.getByRole('button', { name: 'Remove' }).click();
    const dialog = page.getByRole('dialog', { name: 'Let mail go there again?' });
    await dialog.getByText('Mail them again only if they asked for it.').waitFor();
    await isFine(page, 'suppressions-remove');
    await dialog.getByRole('button', { name: 'Let mail go there again' }).click();
    await found.getByText('Mail goes to bo@north.example').waitFor();
  });

  it('are cut into parts whose lines keep their numbers', () => {
    const lines = linesOf(`\uFEFFEmail\r\n\r\n${'a@example.org\n'.repeat(1_201)}`);
    assert.deepEqual([lines.length, lines[0]?.number, lines.at(-1)?.number], [1_201, 3, 1_203]);
    assert.deepEqual(
      partsOf(lines).map((part) => part.length),
      [500, 500, 201],
    );
    assert.ok(mostLines <= 10_000);
  });
});

describe('transport', () => {
  it('is a ladder whose rung is chosen by keyboard and holds at once', async () => {
    await openSending(signed, 'Transport');
    const saved = page.waitForResponse((answer) => answer.request().method() === 'PATCH');
    await page.getByRole('radio', { name: 'Encrypted, certificate checked' }).check();
    assert.equal((await saved).status(), 200);
    const { minimumTransport } = await signed.stage.api<{ minimumTransport: string }>('/v1/settings/outbound');
    assert.equal(minimumTransport, 'verified');
  });

  it('has rules for single domains, set and taken back', async () => {
    await page.getByRole('textbox', { name: 'Recipient domain' }).fill('hospital.example');
    await page.getByLabel('Needs at least', { exact: true }).selectOption('Encrypted, identity proven');
    await page.getByRole('button', { name: 'Set the rule' }).click();
    await page.getByRole('row', { name: /hospital\.example Encrypted, identity proven/ }).waitFor();
    await isFineEverywhere(page, 'transport');
    await page.getByRole('button', { name: 'Remove the rule for hospital.example' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove the rule' }).click();
    await page.getByText('No domain has a rule of its own.').waitFor();
  });

  it('looks a domain up', async () => {
    await page.getByRole('textbox', { name: 'Domain', exact: true }).fill('hospital.example');
    await page.getByRole('button', { name: 'Look it up' }).click();
    const found = page.getByRole('status', { name: 'What was found' });
    await found.getByText('The account asks for TLS 1.2 or later').waitFor();
    await isFine(page, 'transport-looked-up');
  });
});

describe('preflight', () => {
  it('says for each address where it would go, under what protection, and why', async () => {
    await openSending(signed, 'Preflight');
    await page.getByRole('button', { name: 'Look ahead' }).click();
    await page.getByText('Type at least one address.').waitFor();
    await page.getByLabel('Addresses').fill('ana@north.example, dora@hospital.example');
    await page.getByRole('button', { name: 'Look ahead' }).press('Enter');
    const result = page.getByRole('region', { name: 'What would happen' });
    await result.getByText('dora@hospital.example').waitFor();
    await result.getByText('Encrypted, certificate checked').first().waitFor();
    await isFineEverywhere(page, 'preflight');
    await page.getByLabel('Addresses').fill('not an address');
    await page.getByRole('button', { name: 'Look ahead' }).click();
    await page.getByRole('alert').waitFor();
  });

  it('asked nothing of another host and broke no policy', () => {
    assert.deepEqual([signed.faults.foreign, signed.faults.policy], [[], []]);
  });
});
