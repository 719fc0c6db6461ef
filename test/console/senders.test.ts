/** The console's pages of sender domains: one is added, its records are shown to copy, the DNS is looked at, it is removed. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import type { Sender } from '../../src/contract/senders.ts';
import { writeReportMail } from '../../src/core/tls-reports/write-mail.ts';
import { openLookUp } from '../../src/platform/look-up.ts';
import { takeTlsReport } from '../../src/tls-reports/index.ts';
import { isFine, openBrowser, patienceMs, watch } from '../kit/browser.ts';
import { newReporter } from '../kit/signed-report.ts';
import { type Stage, setStage } from './stage.ts';

let stage: Stage;
let browser: Browser;

before(async () => {
  stage = await setStage({ WAXWING_BOUNCE_DOMAIN: 'bounces.clinic.example', WAXWING_HOSTNAME: 'mail.clinic.example' });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stage?.close();
});

test('an administrator adds a domain, sees what to publish and what is missing, and removes it', async () => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  context.setDefaultTimeout(patienceMs);
  const faults = await watch(context, stage.url);
  const page = await context.newPage();
  await page.goto(await stage.signInLink());
  await page.getByRole('heading', { level: 1, name: 'Campaigns' }).waitFor();
  await page.getByRole('link', { name: 'Senders' }).click();
  await page.getByText('No sender domain yet').waitFor();
  await isFine(page, 'senders-empty');

  await page.getByRole('textbox', { name: 'Domain' }).fill('clinic.example');
  await page.getByRole('textbox', { name: 'Domain' }).press('Enter');
  await page.getByRole('heading', { level: 1, name: 'clinic.example' }).waitFor();
  await page.reload();
  await page.getByText('_waxwing.clinic.example', { exact: true }).waitFor();
  assert.equal(await page.getByText(/^v=DKIM1; k=rsa; p=/).count(), 1);
  assert.equal(await page.getByText(/^v=DKIM1; k=ed25519; p=/).count(), 1);
  await page.getByRole('button', { name: 'Copy: value of the record, Ownership' }).waitFor();
  await page.getByRole('button', { name: 'Look at the DNS now' }).press('Enter');
  await page.getByText(/required records missing or wrong/).waitFor();
  await page.getByText('Nothing is published under this name yet.').first().waitFor();
  await page.getByRole('heading', { name: 'Where mail comes back (MX)' }).waitFor();
  await page.getByText('10 mail.clinic.example', { exact: true }).waitFor();
  await page.getByText('There is no MX record yet, so nothing that comes back arrives.').waitFor();
  await page.getByRole('button', { name: 'Check now' }).click();
  await page
    .getByText('The links to unsubscribe lead to this machine only: set WAXWING_TRACKING_URL.')
    .first()
    .waitFor();
  await page.getByText('There is no DMARC record.').first().waitFor();
  await page.getByText('No report has come yet.').waitFor();
  await isFine(page, 'sender-domain');
  await page.setViewportSize({ width: 360, height: 740 });
  await isFine(page, 'sender-domain-narrow');
  await page.emulateMedia({ colorScheme: 'dark' });
  await isFine(page, 'sender-domain-dark');

  await page.getByRole('button', { name: 'Remove this domain' }).click();
  const dialog = page.getByRole('dialog', { name: 'Remove this domain?' });
  await dialog.getByRole('button', { name: 'Remove the domain' }).click();
  await page.getByText('No sender domain yet').waitFor();
  assert.deepEqual(faults, { foreign: [], policy: [], errors: [] });
});

const reportOfDay = (day: string, failed: number): Buffer =>
  Buffer.from(
    writeReportMail({
      ...{ id: day, day, contact: 'tls@provider.example', domain: 'reported.example', to: 'tlsrpt@clinic.example' },
      ...{ messageId: day, at: new Date(), boundary: 'b' },
      packedBase64: gzipSync(
        JSON.stringify({
          'organization-name': 'Provider Example',
          'report-id': day,
          'date-range': { 'start-datetime': `${day}T00:00:00Z`, 'end-datetime': `${day}T23:59:59Z` },
          policies: [
            {
              policy: { 'policy-type': 'sts', 'policy-domain': 'reported.example' },
              summary: { 'total-successful-session-count': 120, 'total-failure-session-count': failed },
              'failure-details': [
                {
                  'result-type': 'certificate-expired',
                  'receiving-mx-hostname': 'mx.reported.example',
                  'failed-session-count': failed,
                },
              ],
            },
          ],
        }),
      ).toString('base64'),
    }),
  );

test('what other servers report of encryption stands on the page by day and in words', async () => {
  const { records } = await stage.api<Sender>('/v1/senders', {
    method: 'POST',
    body: JSON.stringify({ domain: 'reported.example' }),
  });
  for (const { name, value } of records) stage.dns.tell(name, { txt: [value] });
  await stage.api('/v1/senders/reported.example/verify', { method: 'POST' });
  const reporter = newReporter(stage.dns, 'provider.example');
  for (const [index, failed] of [3, 40, 7].entries()) {
    const day = new Date(Date.now() - (index + 1) * 86_400_000).toISOString().slice(0, 10);
    const mail = await reporter.sign(reportOfDay(day, failed), stage.world.clock.now());
    assert.equal(await takeTlsReport(stage.world, mail, openLookUp([stage.dns.address])), 'taken');
  }
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  context.setDefaultTimeout(patienceMs);
  const page = await context.newPage();
  await page.goto(await stage.signInLink());
  await page.getByRole('heading', { level: 1, name: 'Campaigns' }).waitFor();
  await page.goto(`${stage.url}/senders/reported.example`);
  await page.getByText('360 encrypted connections and 50 failed ones').first().waitFor();
  await page.getByRole('img', { name: /360 encrypted connections/ }).waitFor();
  const table = page.getByRole('table', { name: 'What failed on the way to this domain' });
  assert.equal(await table.getByText('Your mail server’s certificate has expired.').count(), 3);
  assert.equal(await table.getByText('Provider Example, signed by provider.example').count(), 3);
  await table.scrollIntoViewIfNeeded();
  await isFine(page, 'sender-tls-reports');
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: 'dark' });
  await isFine(page, 'sender-tls-reports-narrow-dark');
});
