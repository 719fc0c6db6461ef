/** The console's pages of templates, in a real browser. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { systemClock } from '../../src/platform/world.ts';
import { askedValues, dataOf } from '../../web/console/sending/templates/asked-values.ts';
import { desktop, isFine, isFineEverywhere, overflowPx, telephone } from '../kit/browser.ts';
import { acceptByPassword, personAt } from '../kit/person.ts';
import { openSending, type SignedIn, signIn } from './stage.ts';

let signed: SignedIn;
let page: Page;

before(async () => {
  signed = await signIn();
  page = signed.page;
});
after(() => signed?.close());

const styleWithin = (element: string, property: string) =>
  page.frames()[1]?.evaluate<string>(`getComputedStyle(document.querySelector('${element}')).${property}`);
const field = (name: string) => page.getByRole('textbox', { name, exact: true });
const hostile = `<style>@import url("https://evil.example/a.css"); p { color: rgb(1, 2, 3); background: url(https://evil.example/b.png) }</style>
<link rel="stylesheet" href="https://evil.example/c.css"><base href="https://evil.example/"><meta http-equiv="refresh" content="0;url=https://evil.example/d">
<script>document.title = 'ran'; fetch('https://evil.example/e')</script><iframe src="https://evil.example/f"></iframe>
<body background="https://evil.example/g.png"><p id="first" style="margin-left: 40px; background-image: url('https://evil.example/h.png')">Dear {{ name }}</p>
<img src="https://evil.example/i.png" alt="Our house" onerror="document.title = 'ran'"><img srcset="https://evil.example/j.png 2x" alt="Map">
<svg><image href="https://evil.example/k.png"></image><style>x { fill: url(https://evil.example/l) }</style></svg>
<p style="color: red } body { display: none">Still here</p><a href="https://clinic.example/way">The way</a>
<form action="https://evil.example/m"><button>Send</button></form>
`;

describe('templates', () => {
  it('begin with a page that says what a template is', async () => {
    await openSending(signed, 'Templates');
    await page.getByText('No templates yet').waitFor();
    await isFineEverywhere(page, 'templates-empty');
  });

  it('are written with a preview, and what is not well formed is said where it is', async () => {
    await page.getByRole('link', { name: 'Write a template' }).press('Enter');
    await page.getByRole('heading', { level: 1, name: 'A new template' }).waitFor();
    await page.getByRole('button', { name: 'Keep the template' }).click();
    await page.getByText('Give it a name, so that you know it again.').waitFor();
    await field('Name').fill('Visit');
    await field('Subject').fill('Your visit on {{ visit.day }}');
    await field('HTML').fill('<p>Dear {{ name }},</p>\n<p>see you on {{ visit.day }</p>');
    await page.getByText(/^Line 2, column 15: /).waitFor();
    await isFine(page, 'template-syntax');
    await page.getByRole('button', { name: 'Go to line 2, column 15 of the HTML' }).press('Enter');
    const at = 'document.activeElement.value.slice(document.activeElement.selectionStart).slice(0, 5)';
    assert.equal(await page.evaluate(at), '{{ vi');
    await field('HTML').fill(
      '<p style="color: #0c6b66">Dear <b>{{ name }}</b>,</p>\n<p>see you on {{ visit.day }}.</p>',
    );
    await field('Plain text').fill('Dear {{ name }}, see you on {{ visit.day }}.');
    await page.getByText('No value for name.', { exact: true }).waitFor();
    await field('visit.day').fill('Monday');
    await field('name').fill('Ana <3');
    const frame = page.frameLocator('iframe');
    await frame.getByText('Dear Ana <3,').waitFor();
    assert.equal(await styleWithin('p', 'color'), 'rgb(12, 107, 102)');
    await page.getByText('Dear Ana <3, see you on Monday.', { exact: true }).waitFor();
    await isFineEverywhere(page, 'template-new');
    await page.getByRole('button', { name: 'Keep the template' }).press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Visit' }).waitFor();
  });

  it('show nothing that runs or comes from elsewhere, whatever they hold', async () => {
    await field('HTML').fill(hostile);
    const frame = page.frameLocator('iframe');
    await frame.getByText('Still here').waitFor();
    assert.equal(await styleWithin('#first', 'color'), 'rgb(1, 2, 3)');
    assert.equal(await styleWithin('#first', 'marginLeft'), '40px');
    await page.getByText(/\d+ files from elsewhere, such as pictures, are left out/).waitFor();
    assert.equal(await frame.locator('script, link, iframe, base, [onerror], [href], [action]').count(), 0);
    await frame.getByRole('button', { name: 'Send' }).click();
    await isFine(page, 'template-hostile');
    await page.setViewportSize(telephone);
    // What is out of sight is not painted; the frame's element comes into sight, not what is in it.
    await page.evaluate("document.querySelector('iframe').scrollIntoView()");
    await page.screenshot({ path: 'artifacts/screenshots/template-hostile-390.png' });
    assert.equal(await overflowPx(page), 0);
    await page.setViewportSize(desktop);
    const { foreign, policy, errors } = signed.faults;
    // What is typed half is answered by 400; the form's frame sends nothing, and the browser says so.
    const others = errors.filter((text) => !text.includes('status of 400'));
    assert.deepEqual([foreign, policy, others.length], [[], [], 1], others.join());
    assert.match(others[0] ?? '', /^Blocked form submission/);
    assert.equal(await page.title(), 'Visit · Waxwing');
  });

  it('take sample values as JSON too', async () => {
    await page.getByText('As JSON', { exact: true }).click();
    await field('Values as one JSON object').fill('{"name": "Ben"');
    await page.getByText('This is not one JSON object').waitFor();
    await field('Values as one JSON object').fill('{"name": "Ben", "visit": {"day": "Friday"}}');
    await page.frameLocator('iframe').getByText('Dear Ben').waitFor();
    await isFine(page, 'template-json');
  });

  it('keep each change as a version, whose words come back, and are deleted after a question', async () => {
    await field('Subject').fill('Another subject');
    await page.getByRole('button', { name: 'Keep the changes' }).click();
    await page.getByText('Kept as version 2.').waitFor();
    await page.getByLabel('Look at an earlier version').selectOption('Version 1');
    await page.getByText('Subject: Your visit on {{ visit.day }}').waitFor();
    await isFineEverywhere(page, 'template-version');
    await page.getByRole('button', { name: 'Put the words of version 1 into the form' }).click();
    assert.equal(await field('Subject').inputValue(), 'Your visit on {{ visit.day }}');
    await page.getByRole('button', { name: 'Keep the changes' }).click();
    await page.getByText('Kept as version 3.').waitFor();
    await openSending(signed, 'Templates');
    await page.getByRole('row').filter({ hasText: 'Visit' }).getByText('3', { exact: true }).waitFor();
    await isFineEverywhere(page, 'templates');
    let asked = 0;
    page.on('request', (request) => {
      if (request.url().endsWith('/v1/templates/preview')) asked += 1;
    });
    await page.getByRole('link', { name: 'Visit', exact: true }).click();
    await page.getByRole('button', { name: 'Delete the template' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete the template?' });
    await dialog.getByText('still goes out').waitFor();
    await isFine(page, 'template-delete');
    assert.ok(asked <= 4, 'the preview is asked for when something has changed');
    await dialog.getByRole('button', { name: 'Delete it for good' }).click();
    await page.getByText('No templates yet').waitFor();
  });

  it('come back as they were typed after a session has ended', async () => {
    const { stage, browser } = signed;
    const { invitation } = await stage.api<{ invitation: { link: string } }>('/v1/users', {
      method: 'POST',
      body: JSON.stringify({ email: 'olga@example.org', name: 'Olga', role: 'owner' }),
    });
    const person = personAt(stage.url);
    await acceptByPassword(person, invitation.link, 'seven herons over the lake', systemClock);
    const [cookie = '', value = ''] = person.cookie.split(/=(.*)/s);
    const type = async (act: (of: Page) => Promise<void>): Promise<void> => {
      const context = await browser.newContext({ viewport: desktop });
      context.setDefaultTimeout(20_000);
      await context.addCookies([{ name: cookie, value, url: stage.url }]);
      const of = await context.newPage();
      await of.goto(`${stage.url}/sending/templates/new`);
      await act(of);
      await context.close();
    };
    await type(async (of) => {
      await of.getByRole('textbox', { name: 'Name', exact: true }).fill('Half a letter');
      const saved = of.waitForResponse(
        (response) => response.url().includes('/v1/drafts/') && response.request().method() === 'PUT',
      );
      await of.getByRole('textbox', { name: 'Plain text' }).fill('Dear {{ name }}');
      await saved;
    });
    await type(async (of) => {
      await of.getByText('Restored what you had typed').waitFor();
      assert.equal(await of.getByRole('textbox', { name: 'Plain text' }).inputValue(), 'Dear {{ name }}');
    });
  });
});

describe('what is worked out in the browser', () => {
  it('finds the values that a template asks for, and makes data of what is typed', () => {
    const { values, needsJson } = askedValues(
      '{{ name | default: nickname }} {% if visit.isFirst == true and "x y" != z %}',
      '{% assign n = visit.day | upcase %}{{ n }} {% for one in list reversed %}{{ one }}{{ forloop.index }}{% endfor %}',
      '{% raw %}{{ never }}{% endraw %}{% comment %}{{ never }}{% endcomment %}{{ text | truncate: 5, "…" }} {{ visit }}',
    );
    assert.equal(needsJson, false);
    assert.deepEqual(
      values.map(({ path, isList }) => (isList ? `${path}[]` : path)),
      ['list[]', 'name', 'nickname', 'visit.isFirst', 'z', 'visit.day', 'text'],
    );
    const data = dataOf(values, { name: 'Ana', 'visit.day': 'Monday', list: 'a\n\nb', text: ' ', never: 'x' });
    assert.deepEqual(data, { list: ['a', 'b'], name: 'Ana', visit: { day: 'Monday' } });
    assert.deepEqual(askedValues('{% for v in visits %}{{ v.day }}{% endfor %}{{ visits.size }}'), {
      values: [],
      needsJson: true,
    });
    assert.deepEqual(Object.keys(Object.prototype), [], 'a value called __proto__ changes nothing else');
    assert.equal(
      JSON.stringify(dataOf([{ path: '__proto__.x', isList: false }], { '__proto__.x': 'y' })),
      '{"__proto__":{"x":"y"}}',
    );
  });
});
