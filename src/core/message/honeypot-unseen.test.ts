/** In a real browser: a mail with the link that nobody can see looks, reads, sounds and tabs as it does without. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Browser, CDPSession, Page } from 'playwright-core';
import PostalMime from 'postal-mime';
import { openBrowser } from '../../../test/kit/browser.ts';
import { both, html, planOf, tracked, trapped } from './fixtures/kit.ts';
import { render } from './render.ts';

const folder = new URL('./fixtures/', import.meta.url);
const buttons = `<!doctype html><html lang="en"><head><title>News</title><style>
  a { display: inline-block; padding: 12px; background: #146; color: #fff; border: 2px solid red }
  .body a:hover { color: red } a:empty { display: block !important; width: 40px; height: 40px; visibility: visible !important }
  @media (min-width: 1px) { .nav a { margin: 4px } }
</style></head><body class="body">
  <table role="presentation"><tr><td class="nav"><a href="https://example.org/1">One</a><a href="https://example.org/2">Two</a></td>
  <td><a href="https://example.org/3"><img src="cid:none" alt="A picture" width="80" height="30"></a></td></tr></table>
  <ul><li><a href="https://example.org/4">Four</a>.</li><li style="display:flex"><a href="https://example.org/5">Five</a> and more</li></ul>
  <pre><a href="https://example.org/6">six</a>
  seven</pre></body></html>`;

/** Mails with at least one link that can have one after it, by name. */
const mails: Readonly<Record<string, Uint8Array>> = {
  buttons: html(buttons.replaceAll('\n', '\r\n')),
  plain: html(
    '<p>See <a href="https://example.org/1">one</a> <a href="https://example.org/1b">two</a>, <a href="https://example.org/2">two</a>.</p>',
  ),
  single: html('<div><p>Only <a href="https://example.org/1">one</a></p></div>'),
  ...Object.fromEntries(
    readdirSync(folder)
      .filter((name) => name.endsWith('.eml'))
      .map((name) => [name, new Uint8Array(readFileSync(new URL(name, folder)))]),
  ),
};

/** The HTML that a client shows, without and with. Undefined where the mail has no place for it. */
async function twins(octets: Uint8Array): Promise<readonly [string, string] | undefined> {
  const [plain, trap] = await Promise.all([
    PostalMime.parse(render(octets, planOf(octets, both), tracked)),
    PostalMime.parse(render(octets, planOf(octets, { ...both, honeypot: true, urlOctetsMax: () => 190 }), trapped)),
  ]);
  if (plain.html === undefined || trap.html === undefined || !trap.html.includes('aria-hidden')) return undefined;
  return [plain.html, trap.html];
}

/** Programs for the page; the tests' own compiler knows no document. */
const stripStyles = `for (const one of document.querySelectorAll('[style]')) one.removeAttribute('style');
  for (const one of document.querySelectorAll('style')) one.remove();`;
const boxOfTrap = `(() => { const { width, height } = document.querySelector('a[aria-hidden]').getBoundingClientRect(); return [width, height]; })()`;
const focused = `(() => { const one = document.activeElement; return one === document.body ? null : one.outerHTML.slice(0, 300); })()`;

interface Seen {
  readonly screen: string;
  readonly text: string;
  readonly stops: readonly string[];
  readonly tree: readonly string[];
}

async function see(page: Page, tools: CDPSession, markup: string, more?: string): Promise<Seen> {
  await page.setContent(markup, { waitUntil: 'domcontentloaded' });
  if (more !== undefined) await page.evaluate(more);
  const screen = (await page.screenshot({ fullPage: true })).toString('base64');
  const text = await page.evaluate<string>('document.body.innerText');
  return { screen, text, tree: await accessibleNodes(tools), stops: await tabStops(page) };
}

async function accessibleNodes(tools: CDPSession): Promise<string[]> {
  const { nodes } = await tools.send('Accessibility.getFullAXTree');
  return nodes.filter(({ ignored }) => !ignored).map(({ role, name }) => `${role?.value}: ${name?.value ?? ''}`);
}

const mostStops = 60;

async function tabStops(page: Page): Promise<string[]> {
  const stops: string[] = [];
  for (let presses = 0; presses < mostStops; presses++) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate<string | null>(focused);
    if (stop === null || stop === stops[0]) break;
    stops.push(stop);
  }
  return stops;
}

describe('the link that nobody can see, in a browser', () => {
  let chromium: Browser;
  let page: Page;
  let tools: CDPSession;
  let met = 0;
  before(async () => {
    chromium = await openBrowser();
    const context = await chromium.newContext({ viewport: { width: 700, height: 900 }, javaScriptEnabled: true });
    page = await context.newPage();
    // Nothing of a mail is loaded: as in a client with its images off, and nobody's server is asked.
    await page.route('**/*', (route) => route.abort());
    tools = await context.newCDPSession(page);
    await tools.send('Accessibility.enable');
  });
  after(() => chromium.close());

  for (const [name, octets] of Object.entries(mails))
    it(`changes nothing of ${name}: pixels, text, tab stops and accessibility tree are the same`, async () => {
      const found = await twins(octets);
      if (found === undefined) return;
      met++;
      const [plain, trap] = found;
      const [without, with_] = [await see(page, tools, plain), await see(page, tools, trap)];
      assert.deepEqual(await page.evaluate(boxOfTrap), [0, 0]);
      assert.deepEqual(with_, without);
      assert.ok(without.stops.length > 0 && without.tree.length > 2, 'there was something to compare');
      // Clients that take style attributes and style sheets away, but leave the rest: nothing to see there either.
      const [bare, bareTrap] = [await see(page, tools, plain, stripStyles), await see(page, tools, trap, stripStyles)];
      assert.deepEqual(bareTrap, bare);
    });

  it('was there in most of these mails', () => {
    assert.ok(met >= 8, `${met}`);
  });

  it('would be noticed by these tests if it could be seen', async () => {
    const [plain, trap] = (await twins(mails.buttons ?? assert.fail())) ?? assert.fail();
    const shown = trap
      .replace('display:none!important;visibility:hidden;mso-hide:all', '')
      .replace('tabindex="-1"', '')
      .replace('aria-hidden="true"', '');
    const [without, with_] = [await see(page, tools, plain), await see(page, tools, shown)];
    assert.notEqual(with_.screen, without.screen);
    assert.notDeepEqual(with_.tree, without.tree);
    assert.equal(with_.stops.length, without.stops.length + 1);
  });
});
