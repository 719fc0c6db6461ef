/** The console as a person uses it: in a real browser, on the whole program, with mail that was really sent and opened. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import type { EngagementReport } from '../../src/contract/reports.ts';
import type { OutboundSettings } from '../../src/contract/settings.ts';
import { desktop, type Faults, overflowPx, screenshot, seriousFaults } from '../kit/browser.ts';
import { until } from '../kit/tracking.ts';
import { campaign, otherCampaign, people, prefetched, type SignedIn, type Stage, scanned, signIn } from './stage.ts';

let stage: Stage;
let browser: Browser;
let context: BrowserContext;
let faults: Faults;
let page: Page;

let signedIn: SignedIn;
before(async () => {
  signedIn = await signIn();
  ({ stage, browser, context, faults, page } = signedIn);
});
after(() => signedIn?.close());

const reportPath = `/campaigns/report?campaign=${encodeURIComponent(campaign)}`;
const paths = {
  campaigns: '/campaigns',
  report: reportPath,
  messages: '/messages',
  message: () => `/messages/${stage.messageId}`,
  settings: '/settings',
  'api-keys': '/api-keys',
};
const pathOf = (name: keyof typeof paths): string => {
  const path = paths[name];
  return typeof path === 'string' ? path : path();
};

async function open(path: string, on = page): Promise<void> {
  await on.goto(stage.url + path);
  await on.getByRole('heading', { level: 1 }).waitFor();
  await on.waitForLoadState('networkidle');
}

/** What is to be read, without line breaks. */
const wordsOf = async (locator: Locator): Promise<string> =>
  (await locator.allInnerTexts()).join(' ').replaceAll('\n', ' ');

/** The text of a headline card. */
const card = async (label: string): Promise<string> => {
  const term = page.locator('dt', { hasText: new RegExp(`^${label}$`) }).first();
  await term.waitFor();
  return wordsOf(term.locator('xpath=..'));
};

const switchOf = (name: string): Locator => page.getByRole('switch', { name });
const suppression = (): Locator => switchOf('Suppress automated events');
/** With the mouse, on the label that lies over the box. */
const flip = (choice: Locator): Promise<void> => choice.locator('xpath=..').click();

describe('signing in', () => {
  it('takes the one-time token out of the address', () => {
    assert.equal(page.url(), `${stage.url}/campaigns`);
  });

  it('says that a link is used up, and how to get another', async () => {
    const other = await browser.newContext();
    const visitor = await other.newPage();
    const link = await stage.signInLink();
    await visitor.goto(link);
    await visitor.getByRole('heading', { name: 'Campaigns' }).waitFor();
    await other.clearCookies();
    await visitor.goto('about:blank');
    await visitor.goto(link);
    await visitor.getByText('This link no longer works').waitFor();
    assert.ok(await visitor.getByText('npx waxwing sign-in').isVisible());
    assert.deepEqual(await seriousFaults(visitor), []);
    await screenshot(visitor, 'sign-in-used-link');
    await other.close();
  });

  it('sends a visitor whose session has ended to sign in, and back to where they were', async () => {
    const other = await browser.newContext();
    const visitor = await other.newPage();
    await visitor.goto(await stage.signInLink());
    await visitor.getByRole('heading', { name: 'Campaigns' }).waitFor();
    await open(`${reportPath}&view=strict`, visitor);
    await other.clearCookies();
    await visitor.getByRole('link', { name: 'Messages' }).click();
    await visitor.getByText('Sign in to the console').waitFor();
    await visitor.getByLabel('Or paste the link here').fill(await stage.signInLink());
    await visitor.getByRole('button', { name: 'Sign in' }).click();
    await visitor.getByRole('heading', { level: 1, name: 'Messages' }).waitFor();
    await other.close();
  });
});

describe('the campaigns', () => {
  it('are listed with what people did, machines apart', async () => {
    await open('/campaigns');
    const row = page.getByRole('row').filter({ hasText: campaign });
    assert.match(await wordsOf(row), /42\.9%/, '3 of 7 were opened by people');
    assert.match(await wordsOf(row), /28\.6%/, '2 of 7 were clicked by people');
    assert.match((await row.textContent()) ?? '', /3 recipients by machines only/);
  });

  it('say how many unsubscribed by the link of their mail', async () => {
    const to = 'ida@gmail.example';
    const mail = { from: 'care@clinic.example', subject: 'Come', text: 'Come.', campaign: 'Recall', unsubscribe: true };
    await stage.api('/v1/messages', { method: 'POST', body: JSON.stringify({ ...mail, to: [to] }) });
    await until(async () => stage.sink.of(to).length === 1, 'it arrives', 20_000);
    const lines = (stage.sink.of(to)[0]?.bytes.toString() ?? '').replace(/\r\n[ \t]+/g, '');
    const link = /^List-Unsubscribe: <([^>]+)>/m.exec(lines)?.[1] ?? '';
    const answer = await fetch(link, {
      method: 'POST',
      body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
    });
    assert.equal(answer.ok, true);
    const counted = async () => {
      const { totals } = await stage.api<EngagementReport>('/v1/reports/engagement?campaign=Recall');
      return totals.unsubscribed === 1;
    };
    await until(counted, 'it is counted', 20_000);
    await open('/campaigns');
    const row = page.getByRole('row').filter({ hasText: 'Recall' });
    assert.deepEqual((await row.getByRole('cell').allInnerTexts()).slice(-2), ['1', '0']);
    await open('/campaigns/report?campaign=Recall');
    assert.match(await card('Delivered'), /Every message arrived · 1 unsubscribed$/);
    const domains = page.getByRole('table', { name: 'Opens and clicks by recipient domain' });
    assert.deepEqual((await domains.getByRole('columnheader').allInnerTexts()).slice(-2), [
      'Unsubscribed',
      'Complained',
    ]);
    assert.deepEqual((await domains.getByRole('cell').allInnerTexts()).slice(-2), ['1', '0']);
  });

  it('are found by name', async () => {
    await open('/campaigns');
    await page.getByRole('searchbox', { name: 'Find a campaign' }).fill('flu');
    await page.getByRole('row').filter({ hasText: campaign }).waitFor({ state: 'detached' });
    assert.ok(await page.getByRole('link', { name: otherCampaign }).isVisible());
  });
});

describe('the campaign report', () => {
  it('counts people, with the number of other tools struck beside', async () => {
    await open(reportPath);
    assert.match(await card('Opened by people'), /42\.9% 3 recipients .*85\.7%/);
    assert.match(await card('Clicked by people'), /28\.6% 2 recipients .*42\.9%/);
    assert.equal(await page.locator('s', { hasText: '85.7%' }).count(), 1);
  });

  it('counts machines too once suppression is off for this report, and leaves the account as it was', async () => {
    await open(reportPath);
    await flip(suppression());
    assert.match(await card('Opened by people or machines'), /85\.7% 6 recipients/);
    assert.match(page.url(), /automated=include/);
    const settings = await stage.api<OutboundSettings>('/v1/settings/outbound');
    assert.equal(settings.suppressAutomatedEvents, true);
    await screenshot(page, 'report-with-machines');
    await flip(suppression());
    assert.match(await card('Opened by people'), /42\.9%/);
  });

  it('makes its way of counting the account’s on request', async () => {
    await open(reportPath);
    await flip(suppression());
    await page.getByRole('button', { name: 'Make it account-wide' }).click();
    await page.getByText('Only this report').waitFor({ state: 'detached' });
    const settings = await stage.api<OutboundSettings>('/v1/settings/outbound');
    assert.equal(settings.suppressAutomatedEvents, false);
    assert.match(await card('Opened by people or machines'), /85\.7%/);
    await stage.api('/v1/settings/outbound', { method: 'PATCH', body: '{"suppressAutomatedEvents":true}' });
  });

  it('explains each view in a sentence and keeps the choice in the address', async () => {
    await open(reportPath);
    await page.getByText('Strict', { exact: true }).click();
    await page
      .getByText(/^Strict: whatever might be a machine/)
      .first()
      .waitFor();
    assert.match(page.url(), /view=strict/);
  });

  it('opens a number down to the recipients behind it', async () => {
    await open(reportPath);
    await page.getByRole('button', { name: '3: show who opened, people' }).click();
    const rows = page.getByRole('table', { name: 'Recipients, newest first' }).locator('tbody tr');
    await rows.filter({ hasText: scanned }).waitFor({ state: 'detached' });
    assert.deepEqual((await rows.locator('a').allInnerTexts()).toSorted(), people);
  });

  it('has a table beside its chart, and a name on it', async () => {
    await open(reportPath);
    await page.getByRole('img', { name: /^Opens by hour, from .* by people, .* by machines/ }).waitFor();
    await page.getByRole('button', { name: 'Table' }).click();
    const table = page.getByRole('table', { name: 'Opens by hour' });
    assert.match(await wordsOf(table), /Hour\s+People\s+Machines/);
  });

  it('says that nothing was sent under a name that does not exist', async () => {
    await open('/campaigns/report?campaign=never');
    assert.ok(await page.getByText('No mail of this campaign').isVisible());
  });

  it('is downloaded as CSV', async () => {
    await open(reportPath);
    await page.getByRole('button', { name: 'CSV' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'By recipient domain' }).click(),
    ]);
    const chunks = await (await download.createReadStream()).toArray();
    assert.match(Buffer.concat(chunks).toString('utf8'), /gmail\.example/);
  });

  it('prints without the navigation and says how it counted', async () => {
    await open(reportPath);
    await page.emulateMedia({ media: 'print' });
    try {
      assert.equal(await page.getByRole('navigation').isVisible(), false);
      assert.ok(await page.getByText('Rates count people only').isVisible());
      await screenshot(page, 'report-printed');
    } finally {
      await page.emulateMedia({ media: 'screen' });
    }
  });
});

describe('a message', () => {
  const recipient = async (email: string): Promise<Locator> => {
    await open(pathOf('message'));
    await page.getByRole('button', { name: new RegExp(email) }).click();
    const timeline = page.locator('ol').first();
    await timeline.waitFor();
    return timeline;
  };

  it('shows a person’s open and click as a person’s', async () => {
    const timeline = await recipient(people[0] ?? '');
    const text = await wordsOf(timeline);
    assert.match(text, /Delivered/);
    assert.match(text, /Message opened\s+Person/);
    assert.match(text, /Link clicked\s+Person/);
    assert.match(text, /clinic\.example\/appointments/);
  });

  it('gives the reasons why a scanner’s clicks are a machine’s', async () => {
    const timeline = await recipient(scanned);
    assert.match(await wordsOf(timeline), /3 links within \d+ seconds?, by .*?Machine/);
    const reasons = await wordsOf(timeline.getByRole('list', { name: 'Reasons' }).first());
    assert.ok(reasons.length > 20, reasons);
    await timeline.getByRole('button', { name: /^All \d requests$/ }).click();
    await timeline.getByRole('button', { name: 'Evidence' }).filter({ visible: true }).first().click();
    await timeline.getByText('Program (user agent)').filter({ visible: true }).first().waitFor();
    await screenshot(page, 'message-scanned');
  });

  it('says what an Apple prefetch cannot tell', async () => {
    const timeline = await recipient(prefetched[0] ?? '');
    const text = await wordsOf(timeline);
    assert.match(text, /Apple Mail Privacy Protection/);
    assert.match(text, /no proof of an open, and no proof against one/);
  });

  it('that does not exist is said so', async () => {
    await open('/messages/018f0000-0000-7000-8000-000000000000');
    assert.ok(await page.getByText('There is no such message').isVisible());
    faults.errors.length = 0; // the browser reports the 404 that was asked for
  });
});

describe('the settings', () => {
  it('are saved as they are changed', async () => {
    await open('/settings');
    await flip(switchOf('Track links in plain text too'));
    await page.getByText('Saved', { exact: true }).waitFor();
    assert.equal((await stage.api<OutboundSettings>('/v1/settings/outbound')).trackPlainText, true);
  });

  it('go back when they could not be saved, and say so', async () => {
    await open('/settings');
    const clicks = switchOf('Track clicks');
    await context.setOffline(true);
    try {
      await flip(clicks);
      await page.getByText('Waxwing cannot be reached.').waitFor();
      assert.equal(await clicks.isChecked(), true);
    } finally {
      await context.setOffline(false);
    }
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    assert.equal((await stage.api<OutboundSettings>('/v1/settings/outbound')).trackClicks, false);
    faults.errors.length = 0; // the browser reports that it was offline
  });
});

describe('the API keys', () => {
  it('are made, shown once, work, and stop working when revoked', async () => {
    await open('/api-keys');
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByLabel('Name').fill('Reminders');
    await page.getByRole('button', { name: 'Make the key' }).click();
    await page.getByText('Copy it now').waitFor();
    await page.waitForLoadState('networkidle');
    assert.deepEqual(await seriousFaults(page), []);
    const secret = await wordsOf(page.locator('pre').first());
    const ask = () => fetch(`${stage.url}/v1/settings/outbound`, { headers: { authorization: `Bearer ${secret}` } });
    assert.equal((await ask()).status, 200);
    await page.getByRole('button', { name: 'I have kept the secret' }).click();
    await page.getByRole('button', { name: 'Revoke Reminders' }).click();
    await page.getByRole('button', { name: 'Revoke the key' }).click();
    await page.getByRole('button', { name: 'Revoke Reminders' }).waitFor({ state: 'detached' });
    assert.equal((await ask()).status, 401);
    assert.ok(!(await page.content()).includes(secret), 'the secret is gone from the page');
  });
});

describe('by keyboard alone', () => {
  it('the content is one step away, and the report’s switch can be turned', async () => {
    await open(reportPath);
    await page.keyboard.press('Tab');
    await page.locator('a:focus', { hasText: 'Skip to the content' }).waitFor();
    await page.keyboard.press('Enter');
    await page.locator('#main:focus').waitFor();
    for (let steps = 0; steps < 12 && !(await isFocused(suppression())); steps += 1) await page.keyboard.press('Tab');
    assert.ok(await isFocused(suppression()), 'the switch is within a few steps');
    await page.keyboard.press('Space');
    await page.getByText('Opened by people or machines').waitFor();
  });

  it('every step shows where it is, and the end of the page is reached', async () => {
    await open('/settings');
    const seen = new Set<string>();
    for (let steps = 0; steps < 40; steps += 1) {
      await page.keyboard.press('Tab');
      const focus = await page.evaluate<string>(focusScript);
      if (focus === 'body') break;
      assert.match(focus, /^visible /, focus);
      seen.add(focus);
    }
    assert.ok(seen.size > 12, `${seen.size} stops`);
  });

  it('a dialog is left with Escape, back to what opened it', async () => {
    await open('/api-keys');
    await page.getByRole('button', { name: 'New key' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.locator('button:focus', { hasText: 'New key' }).waitFor();
  });
});

const isFocused = (locator: Locator): Promise<boolean> =>
  locator.evaluate((element) => element === element.ownerDocument.activeElement);

/** Whether the focused element, or for a hidden input what stands for it, has an outline. */
const focusScript = `(() => {
  const focused = document.activeElement;
  if (focused === null || focused === document.body) return 'body';
  const candidates = [focused, focused.nextElementSibling, focused.parentElement].filter(Boolean);
  const shows = (e) => { const s = getComputedStyle(e); return s.outlineStyle !== 'none' && s.outlineWidth !== '0px' || s.boxShadow !== 'none' || s.borderColor !== 'rgb(0, 0, 0)'; };
  return (candidates.some(shows) ? 'visible ' : 'INVISIBLE ') + focused.tagName + ' ' + (focused.getAttribute('aria-label') || focused.textContent || focused.id).slice(0, 40);
})()`;

describe('every page', () => {
  const titles = new Set<string>();

  for (const name of Object.keys(paths) as (keyof typeof paths)[])
    it(`${name} is accessible in light and in dark, and fits small screens without scrolling sideways`, async () => {
      await open(pathOf(name));
      titles.add(await page.title());
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await seriousFaults(page), [], colorScheme);
        await screenshot(page, `${name}-${colorScheme}`);
      }
      await page.emulateMedia({ colorScheme: 'light' });
      for (const width of [768, 360]) {
        await page.setViewportSize({ width, height: 800 });
        assert.equal(await overflowPx(page), 0, `${width}`);
        await screenshot(page, `${name}-${width}`);
      }
      await page.setViewportSize(desktop);
    });

  it('has a title of its own', () => {
    assert.equal(titles.size, Object.keys(paths).length);
  });

  it('has all places within reach on a telephone', async () => {
    await page.setViewportSize({ width: 360, height: 800 });
    await open(pathOf('settings'));
    const places = page.getByRole('navigation', { name: 'Console' }).getByRole('link');
    assert.equal(await places.count(), 10);
    for (const place of await places.all()) {
      const box = await place.boundingBox();
      assert.ok(box !== null && box.x >= 0 && box.x + box.width <= 360 && box.y + box.height <= 800);
    }
  });

  it('asks nothing of another host, breaks no policy and raises no error', () => {
    assert.deepEqual(faults, { foreign: [], policy: [], errors: [] });
  });

  it('shows in forced colours what is on, what is chosen and where one is', async () => {
    await page.emulateMedia({ forcedColors: 'active' });
    try {
      await open('/settings');
      const paint = (selector: string): Promise<string> =>
        page.evaluate(`getComputedStyle(document.querySelector(${JSON.stringify(selector)})).backgroundColor`);
      const isOn = await paint('.mantine-Switch-input:checked + .mantine-Switch-track');
      assert.notEqual(isOn, await paint('.mantine-Switch-input:not(:checked) + .mantine-Switch-track'));
      assert.equal(await paint('.mantine-SegmentedControl-label[data-active]'), isOn);
      assert.equal(await paint('nav a[aria-current="page"]'), isOn);
      assert.notEqual(await paint('nav a:not([aria-current])'), isOn);
      await open(reportPath);
      assert.equal(await page.locator('svg .recharts-bar-rectangle').first().isVisible(), true);
      await screenshot(page, 'report-forced-colours');
    } finally {
      await page.emulateMedia({ forcedColors: 'none' });
    }
  });

  it('says in which zone its times are written', async () => {
    await stage.api('/v1/settings/outbound', { method: 'PATCH', body: '{"timeZone":"Europe/Berlin"}' });
    try {
      await open('/messages');
      await page.getByText('Times are those of Europe/Berlin.').waitFor();
    } finally {
      await stage.api('/v1/settings/outbound', { method: 'PATCH', body: '{"timeZone":"UTC"}' });
    }
  });
});
