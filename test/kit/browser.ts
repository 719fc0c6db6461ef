/**
 * A real Chromium for tests: the installed one where there is one, else the one from npm. A watched page tells whatever
 * it asked of other hosts, what its policy refused and what went wrong in it.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

/** The one without windows draws the same with less work. */
const installed = [
  process.env.WAXWING_TEST_CHROMIUM,
  ...['chromium-headless-shell', 'chromium', 'google-chrome'].map((name) => `/usr/bin/${name}`),
];
const flags = [
  '--no-sandbox', // as root, in a container, Chromium has no sandbox to use
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--no-first-run',
];

export async function openBrowser(): Promise<Browser> {
  const executablePath = installed.find((path) => path !== undefined && existsSync(path));
  if (executablePath !== undefined) return chromium.launch({ executablePath, args: flags });
  // Asks @sparticuz/chromium to bring its own NSS; it reads this when it is loaded.
  process.env.AWS_LAMBDA_JS_RUNTIME ??= 'nodejs22.x';
  const { default: packed } = await import('@sparticuz/chromium');
  return chromium.launch({ executablePath: await packed.executablePath(), args: [...packed.args, ...flags] });
}

export interface Faults {
  /** Requests to any host but the page's own. */
  readonly foreign: string[];
  readonly policy: string[];
  readonly errors: string[];
}

/** Gathers the faults of every page of a context, from now on. */
export async function watch(context: BrowserContext, origin: string): Promise<Faults> {
  const faults: Faults = { foreign: [], policy: [], errors: [] };
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && url.origin !== origin) faults.foreign.push(request.url());
  });
  context.on('console', (entry) => {
    if (entry.type() === 'error') (isPolicy(entry.text()) ? faults.policy : faults.errors).push(entry.text());
  });
  context.on('weberror', (failure) => void faults.errors.push(failure.error().message));
  await context.addInitScript(
    `document.addEventListener('securitypolicyviolation', (event) => console.error('Content Security Policy: ' + event.violatedDirective + ' ' + event.blockedURI));`,
  );
  return faults;
}

const isPolicy = (text: string): boolean => text.includes('Content Security Policy');

/** In it nothing runs and nothing loads. */
const stillFrame = 'iframe[sandbox=""]';

/** What axe-core finds serious or critical against WCAG 2.1 A and AA; each as `rule: element`. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await isPainted(page);
  const { violations } = await new AxeBuilder({ page })
    .setLegacyMode() // no frame of another origin is on our pages, and it opens no second page for each look
    .options({ resultTypes: ['violations'] })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'])
    // axe-core waits for ever for an answer out of a frame in which nothing runs; what is in it is somebody's letter.
    .exclude(stillFrame)
    .analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
}

/** Colours follow the scheme that was asked for, and no longer move: half-way between two they have any contrast. */
async function isPainted(page: Page): Promise<void> {
  const asked = `(() => {
    const shown = document.documentElement.dataset.mantineColorScheme;
    const dark = matchMedia('(prefers-color-scheme: dark)').matches;
    const moving = document.getAnimations().some((one) => one instanceof CSSTransition && one.playState === 'running');
    return !moving && (shown === undefined || shown === (dark ? 'dark' : 'light'));
  })()`;
  for (const deadline = Date.now() + paintingMs; Date.now() < deadline && !(await page.evaluate<boolean>(asked)); )
    await new Promise((resolve) => setTimeout(resolve, 20));
}

/** How long a page may take to show what is waited for, beside other tests on a busy machine. */
export const patienceMs = 60_000;
const paintingMs = 3_000;

const folder = join(import.meta.dirname, '..', '..', 'artifacts', 'screenshots');

/** Kept for people to look at; nothing is compared with it. */
export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** By how many pixels the page is wider than its window, once charts have taken the width of a window that was resized. */
export async function overflowPx(page: Page): Promise<number> {
  const asked = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
  for (const deadline = Date.now() + paintingMs; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const px = await page.evaluate<number>(asked);
    if (px === 0 || Date.now() > deadline) return px;
  }
}

/** Nothing that axe calls serious, nothing wider than the window; and a picture of it. */
export async function isFine(page: Page, name: string): Promise<void> {
  // What such a frame is not allowed to load is never done loading.
  if ((await page.locator(stillFrame).count()) === 0) await page.waitForLoadState('networkidle');
  assert.deepEqual(await seriousFaults(page), [], name);
  assert.equal(await overflowPx(page), 0, name);
  await screenshot(page, name);
}

export const desktop = { width: 1440, height: 900 };
export const telephone = { width: 390, height: 844 };

/** On a desk in light, and on a telephone in the dark; afterwards the page is as before. */
export async function isFineEverywhere(page: Page, name: string): Promise<void> {
  await isFine(page, name);
  await page.setViewportSize(telephone);
  await page.emulateMedia({ colorScheme: 'dark' });
  await isFine(page, `${name}-dark-390`);
  await page.setViewportSize(desktop);
  await page.emulateMedia({ colorScheme: 'light' });
}
