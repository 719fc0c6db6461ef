/** The judge in the console: rules tried before they are switched, the past judged again, networks, scanners, the estimate. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import type { RejudgementBody } from '../../src/contract/rejudging.ts';
import type { OutboundSettings } from '../../src/contract/settings.ts';
import { type Faults, overflowPx, screenshot, seriousFaults } from '../kit/browser.ts';
import { campaign, type SignedIn, type Stage, signIn } from './stage.ts';

let stage: Stage;
let faults: Faults;
let page: Page;

let signedIn: SignedIn;
before(async () => {
  signedIn = await signIn();
  ({ stage, faults, page } = signedIn);
});
after(() => signedIn?.close());

const reportPath = `/campaigns/report?campaign=${encodeURIComponent(campaign)}`;

async function open(path: string): Promise<void> {
  await page.goto(stage.url + path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForLoadState('networkidle');
}

const wordsOf = async (locator: Locator): Promise<string> =>
  (await locator.allInnerTexts()).join(' ').replace(/\s+/g, ' ');

const disabledRules = async (): Promise<readonly string[]> =>
  (await stage.api<OutboundSettings>('/v1/settings/outbound')).disabledRules;

const choose = (change: Partial<OutboundSettings>): Promise<OutboundSettings> =>
  stage.api('/v1/settings/outbound', { method: 'PATCH', body: JSON.stringify(change) });

const ruleSwitch = (id: string): Locator => page.getByRole('switch', { name: id, exact: true });
const dialog = (): Locator => page.getByRole('dialog', { name: 'Try it first' });
const button = (name: string): Locator => page.getByRole('button', { name, exact: true });

/** Starts the dry run of the open dialog and waits for what it tells. */
async function dryRun(): Promise<string> {
  await button('Start the dry run').click();
  await button('Leave it as it is').waitFor();
  await dialog()
    .getByText(/^Of \d|^Nothing would change/)
    .waitFor();
  return wordsOf(dialog());
}

/** What finds the scanner’s clicks in the stage’s campaign. */
const burstRules = ['click-burst', 'click-flurry', 'scanner-network-click', 'vendor-network-click'];

describe('the rules', () => {
  it('are each told in a sentence, with strength and source, and found by a word', async () => {
    await open('/judge');
    await page.getByRole('heading', { level: 1, name: 'Rules' }).waitFor();
    assert.equal(await ruleSwitch('click-burst').isChecked(), true);
    await page.getByRole('searchbox', { name: 'Find a rule' }).fill('honeypot');
    await ruleSwitch('click-burst').waitFor({ state: 'detached' });
    const row = page.getByRole('listitem').filter({ has: ruleSwitch('honeypot-hit') });
    assert.match(
      await wordsOf(row),
      /no person can see or reach.*Machine: certain.*of opens and clicks.*Source: Omeda/,
    );
    await page.getByRole('searchbox', { name: 'Find a rule' }).fill('nothing like it');
    await page.getByText('No such rule').waitFor();
  });

  it('are not switched before a dry run has been looked at; leaving changes nothing and gives the focus back', async () => {
    await open('/judge/rules');
    await ruleSwitch('click-burst').focus();
    await page.keyboard.press('Space');
    await dialog().waitFor();
    assert.equal(await button('Switch off for hits to come').count(), 0);
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
    assert.ok(await ruleSwitch('click-burst').evaluate((box) => box === box.ownerDocument.activeElement));
    assert.equal(await ruleSwitch('click-burst').isChecked(), true);
    assert.deepEqual(await disabledRules(), []);
  });

  it('are tried together, by an address too, and the dry run tells what would flip, with the way to the message', async () => {
    await open(`/judge/rules?try=${burstRules.slice(1).join(',')}`);
    await dialog().getByRole('combobox', { name: 'Together with another rule' }).click();
    await page.keyboard.type('click-bu');
    await page.getByRole('option', { name: 'click-burst' }).click();
    const tried = dialog().getByRole('list', { name: 'Rules that are tried' });
    await tried.getByText('click-burst', { exact: true }).waitFor();
    assert.equal(await tried.getByRole('listitem').count(), burstRules.length);
    const told = await dryRun();
    assert.match(told, /Of \d+ hits, \d+ would be judged otherwise/);
    assert.match(told, /Opened by people 3 .*Clicked by people 2 /);
    await dialog()
      .getByRole('button', { name: /examples? of click-burst$/ })
      .click();
    const example = dialog().getByRole('list', { name: 'Examples of click-burst' }).getByRole('link').first();
    assert.match((await example.getAttribute('href')) ?? '', new RegExp(`^/messages/${stage.messageId}\\?recipient=`));
    assert.deepEqual(await seriousFaults(page), []);
    await screenshot(page, 'judge-trial');
    await button('Leave it as it is').click();
    assert.deepEqual(await disabledRules(), []);
  });

  it('are switched off for hits to come, and on again in the same way', async () => {
    await open('/judge/rules?try=missing-language');
    await dryRun();
    await button('Switch off for hits to come').click();
    await dialog().waitFor({ state: 'detached' });
    await page.getByText('1 rule is switched off').waitFor();
    assert.deepEqual(await disabledRules(), ['missing-language']);
    await ruleSwitch('missing-language').focus();
    await page.keyboard.press('Space');
    await dialog().getByText('Switch on', { exact: true }).waitFor();
    await dryRun();
    await button('Switch on for hits to come').click();
    await dialog().waitFor({ state: 'detached' });
    assert.deepEqual(await disabledRules(), []);
  });

  it('switched off for the past too lead to the run, with every changed verdict', async () => {
    await open(`/judge/rules?try=${burstRules.join(',')}`);
    await dryRun();
    await button('Switch off, and judge the past again').click();
    await page.getByRole('heading', { name: 'Every changed verdict' }).waitFor();
    assert.match(page.url(), /\/judge\/history\/.+/);
    assert.deepEqual((await disabledRules()).toSorted(), burstRules.toSorted());
    const flips = page.getByRole('list', { name: 'Every changed verdict' });
    assert.ok((await flips.getByRole('link').count()) > 0);
    assert.match(await wordsOf(page.locator('dl').first()), /State Done.*Asked In the console.*Over all mail/);
    assert.deepEqual(await seriousFaults(page), []);
    await screenshot(page, 'judge-run');
  });
});

describe('a report judged by rules that are no longer in force', () => {
  it('says so and leads to judging again, from the day of its mail on', async () => {
    await choose({ disabledRules: [] });
    await open(reportPath);
    await page.getByText('Not all of this was judged by the rules in force now').waitFor();
    await page.getByRole('link', { name: 'Judge again' }).click();
    await page.getByRole('heading', { level: 1, name: 'Judging again' }).waitFor();
    assert.match(await page.getByLabel('Mail accepted since').inputValue(), /^\d{4}-\d\d-\d\d$/);
  });
});

describe('the history of judging again', () => {
  it('starts as a dry run unless that is unticked, and then brings the report up to date', async () => {
    await open('/judge/history');
    assert.ok(await page.getByLabel('Dry run').isChecked());
    await page.getByLabel('Dry run').press('Space');
    await button('Judge again').click();
    await page.getByRole('heading', { name: 'What changed' }).waitFor();
    await open(reportPath);
    await page.getByText(/^Judged by ruleset/).waitFor();
    assert.equal(await page.getByRole('link', { name: 'Judge again' }).count(), 0);
  });

  it('lists who did what, when and with which result', async () => {
    await open('/judge/history');
    const rows = page.getByRole('table', { name: 'What was judged again, newest first' }).locator('tbody tr');
    assert.match(await wordsOf(rows.first()), /For good · all mail In the console 2026-.*Done/);
    const { rejudgements } = await stage.api<{ rejudgements: RejudgementBody[] }>('/v1/rejudgements');
    assert.equal(await rows.count(), rejudgements.length);
  });

  it('says that another is under way, in the words of the refusal', async () => {
    await open('/judge/history');
    await page.route('**/v1/rejudgements', async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      const body = { code: 'rejudging.already_running', title: 'One is under way already.', remedy: 'Wait for it.' };
      return route.fulfill({ status: 409, contentType: 'application/problem+json', body: JSON.stringify(body) });
    });
    await button('Start the dry run').click();
    await page.getByRole('alert').filter({ hasText: 'One is under way already.' }).waitFor();
    await page.unroute('**/v1/rejudgements');
    faults.errors.length = 0; // the browser reports the 409
  });

  it('shows how far a run is, and cancels it', async () => {
    const done = (await stage.api<{ rejudgements: RejudgementBody[] }>('/v1/rejudgements')).rejudgements[0];
    const run = await stage.api<RejudgementBody>(`/v1/rejudgements/${done?.id}`);
    const going = { ...run, state: 'running', endedAt: null, progress: { judged: 40, of: 100, share: 0.4 } };
    let state: 'running' | 'cancelled' = 'running';
    await page.route(`**/v1/rejudgements/${run.id}**`, (route) => {
      if (route.request().url().endsWith('/cancel')) state = 'cancelled';
      return route.fulfill({ json: { ...going, state } });
    });
    await page.goto(`${stage.url}/judge/history/${run.id}`);
    const bar = page.getByRole('progressbar', { name: 'Judging again' });
    await bar.waitFor();
    assert.equal(await bar.getAttribute('aria-valuenow'), '40');
    assert.match(await wordsOf(page.getByRole('status')), /Judging again: 40 percent/);
    assert.deepEqual(await seriousFaults(page), []);
    await screenshot(page, 'judge-run-going');
    await page.getByRole('button', { name: 'Cancel: Judging again' }).click();
    await page.getByText('It was cancelled.').waitFor();
    await page.unroute(`**/v1/rejudgements/${run.id}**`);
  });

  it('says that a run does not exist', async () => {
    await open('/judge/history/018f0000-0000-7000-8000-000000000000');
    assert.ok(await page.getByText('There is no such run').isVisible());
    faults.errors.length = 0; // the browser reports the 404 that was asked for
  });
});

describe('the networks', () => {
  it('are told with what they mean, their age and staleness, and that publishers are not asked here', async () => {
    await open('/judge/networks');
    const row = page.getByRole('row').filter({ hasText: 'autonomous-systems' });
    assert.match(await wordsOf(row), /With the program.*\d+ days/);
    assert.ok(await page.getByText('Publishers are never asked here').isVisible());
    assert.equal(await button('Ask the publishers now').count(), 0);
  });

  it('can be renewed, and a refused list says why', async () => {
    const answer = await stage.api<{ lists: object[] }>('/v1/networks');
    const lastRefusal = { code: 'shrunken', text: 'More than 30 % are gone.', at: '2026-11-22T03:00:00.000Z' };
    const [first, ...others] = answer.lists;
    const lists = [{ ...first, isStale: true, ageDays: 15.2, lastRefusal }, ...others];
    await page.route('**/v1/networks', (route) => route.fulfill({ json: { refreshHours: 24, lists } }));
    await open('/judge/networks');
    await page.getByText(/Not renewed .*: More than 30 % are gone\./).waitFor();
    await page.getByText('Stale: what it makes certain is only probable').waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await button('Ask the publishers now').click();
    await page.getByRole('alert').waitFor(); // this installation has refreshing off, and says so
    await page.unroute('**/v1/networks');
    faults.errors.length = 0; // the browser reports the refusal
  });
});

const habit = {
  domain: 'mercy.example',
  gateway: 'proofpoint',
  copies: 212,
  sentence: 'mercy.example: Proofpoint, bursts of 6 links about 40 s after delivery',
  delay: { medianMs: 41_500, lowMs: 19_027, highMs: 76_109 },
  burstLinks: { median: 6, most: 9 },
  actors: [{ actor: 'proofpoint', copies: 212 }],
  networks: [
    { class: 'proofpoint', list: 'proofpoint', copies: 180 },
    { class: 'proofpoint', list: 'autonomous-systems', copies: 170 },
  ],
  learnedBlocks: 3,
  isUsed: true,
  whyNotUsed: null,
  firstSeenAt: '2026-09-02T08:00:00.000Z',
  lastSeenAt: '2026-11-21T16:12:04.000Z',
};

describe('the scanners', () => {
  it('say that nothing has been learned yet; learning is switched off and on', async () => {
    await open('/judge/scanners');
    await page.getByText('Nothing has been learned yet').waitFor();
    const learning = page.getByRole('switch', { name: 'Learn what scanners usually do' });
    for (const isLearning of [false, true]) {
      const saved = page.waitForResponse((response) => response.request().method() === 'PATCH');
      await learning.press('Space');
      await saved;
      assert.equal((await stage.api<OutboundSettings>('/v1/settings/outbound')).learnScannerHabits, isLearning);
    }
  });

  it('are told in a sentence with their delay, bursts and networks, and forgotten only when asked twice', async () => {
    const asked: string[] = [];
    await page.route('**/v1/scanner-habits**', (route) => {
      const { pathname } = new URL(route.request().url());
      if (route.request().method() === 'DELETE') {
        asked.push(pathname);
        return route.fulfill({ status: 204 });
      }
      const habits = asked.length > 0 ? [] : [habit];
      return route.fulfill({ json: { isLearning: true, habits, nextCursor: null } });
    });
    await open('/judge/scanners');
    const card = page.getByRole('list', { name: 'Scanners, by recipient domain' }).getByRole('listitem').first();
    const words = await wordsOf(card);
    assert.match(words, /nine times in ten between 19 s and 76 s/);
    assert.match(words, /6 links, at most 9.*Proofpoint \(180 copies\), 3 networks of its own.*Used:/);
    assert.equal(await page.getByRole('link', { name: 'CSV' }).getAttribute('href'), '/v1/scanner-habits?format=csv');
    assert.deepEqual(await seriousFaults(page), []);
    await screenshot(page, 'judge-scanner');
    await page.getByRole('button', { name: 'Forget the scanner of mercy.example' }).click();
    await page.locator('button:focus', { hasText: 'Keep it' }).waitFor();
    assert.deepEqual(asked, []);
    await button('Forget it').click();
    await page.getByText('Nothing has been learned yet').waitFor();
    assert.deepEqual(asked, ['/v1/scanner-habits/mercy.example']);
    await page.unroute('**/v1/scanner-habits**');
  });
});

describe('the estimate', () => {
  it('is withheld with its reason where clickers are few', async () => {
    await open(reportPath);
    const section = page.getByRole('region', { name: 'Estimated open rate' });
    assert.match(await wordsOf(section), /No estimate\. .{20,}/);
  });

  it('is an interval in words, with the assumption and the recipients behind the prefetch, printed too', async () => {
    const estimated = {
      openRate: 0.374,
      low: 0.314,
      high: 0.436,
      method: 'clicks per open',
      assumption: 'People behind the prefetch click as often.',
      apple: { recipients: 5120, openRate: 0.44, low: 0.36, high: 0.52 },
    };
    await page.route('**/v1/reports/engagement**', async (route) => {
      const response = await route.fetch();
      const report = (await response.json()) as { rows: object[] };
      const rows = report.rows.map((row) => ({ ...row, estimated, estimateWithheld: null }));
      await route.fulfill({ response, json: { ...report, rows } });
    });
    await open(reportPath);
    const section = page.getByRole('region', { name: 'Estimated open rate' });
    const words = await wordsOf(section);
    assert.match(words, /Between 31% and 44% of the recipients opened; best guess 37%\./);
    assert.match(words, /Opened by people, seen: 42\.9%/);
    assert.match(words, /5,120 recipients in advance.*Between 36% and 52% of these opened/);
    assert.match(words, /People behind the prefetch click as often\./);
    await page.emulateMedia({ media: 'print' });
    assert.ok(await section.isVisible());
    await page.emulateMedia({ media: 'screen' });
    await page.unroute('**/v1/reports/engagement**');
  });
});

describe('every page of the judge', () => {
  const paths = ['rules', 'history', 'networks', 'scanners'];

  it('is accessible by day and by night, and fits a small screen', async () => {
    for (const path of paths) {
      await open(`/judge/${path}`);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await seriousFaults(page), [], `${path} in ${colorScheme}`);
      }
      await page.setViewportSize({ width: 390, height: 800 });
      assert.equal(await overflowPx(page), 0, path);
      await screenshot(page, `judge-${path}-390`);
      await page.setViewportSize({ width: 1440, height: 900 });
    }
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('says what went wrong when the server cannot be reached, and tries again', async () => {
    for (const [path, asked] of [
      ['rules', 'rules'],
      ['history', 'rejudgements'],
      ['networks', 'networks'],
      ['scanners', 'scanner-habits'],
    ]) {
      await page.route(`**/v1/${asked}**`, (route) =>
        route.fulfill({
          status: 500,
          contentType: 'application/problem+json',
          body: '{"code":"server.error","title":"It broke."}',
        }),
      );
      await page.goto(`${stage.url}/judge/${path}`);
      await page.getByRole('alert').filter({ hasText: 'It broke.' }).waitFor();
      await page.unroute(`**/v1/${asked}**`);
      await button('Try again').click();
      await page.getByRole('alert').waitFor({ state: 'detached' });
    }
    faults.errors.length = 0; // the browser reports the 500s
  });

  it('asks nothing of another host, breaks no policy and raises no error', () => {
    assert.deepEqual(faults, { foreign: [], policy: [], errors: [] });
  });
});
