/** The package as a stranger gets it: packed, installed in an empty project, run by plain Node, compiled against, loaded by a page. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import { openBrowser } from '../test/kit/browser.ts';
import { buildVerdict } from './build-verdict.ts';

const repository = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'waxwing-verdict-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const built = join(folder, 'built');
const project = join(folder, 'project');
const installed = join(project, 'node_modules', '@waxwing', 'verdict');
buildVerdict(built);
const tarball = pack();
unpack();

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${stdout}${stderr}${error ?? ''}`);
  return stdout;
}

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** npm 11 lists the packages, npm 12 names them. */
function pack(): Packed {
  const args = ['pack', '--json', '--offline', '--ignore-scripts', '--pack-destination', folder];
  const told: unknown = JSON.parse(run('npm', args, built));
  const [packed] = Object.values(told as Record<string, Packed>);
  assert.ok(packed);
  return packed;
}

function unpack(): void {
  mkdirSync(installed, { recursive: true });
  run('tar', ['-xzf', join(folder, tarball.filename), '--strip-components=1', '-C', installed], folder);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'stranger', private: true, type: 'module' }));
}

/** The Node that a stranger has: the machine's own where there is one. */
function plainNode(): string {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((path) => !path.includes('node_modules'));
  return folders.map((path) => join(path, 'node')).find(existsSync) ?? process.execPath;
}

/** The examples that import something, as they stand in the README. */
const examples = [...readFileSync(join(installed, 'README.md'), 'utf8').matchAll(/```js\n([\s\S]*?)```/g)].flatMap(
  ([, code = '']) => (code.startsWith('import ') ? [code] : []),
);

test('the README has three examples, and each prints what it says', () => {
  assert.equal(examples.length, 3);
  for (const [index, code] of examples.entries()) {
    writeFileSync(join(project, `example-${index}.js`), code);
    const promised = code.split('\n').filter((line) => line.startsWith('// '));
    const printed = run(plainNode(), [`example-${index}.js`], project)
      .trimEnd()
      .split('\n');
    assert.deepEqual(
      printed,
      promised.map((line) => line.slice(3)),
    );
  }
});

test('a stranger can compile against it, under either way of finding modules', () => {
  writeFileSync(
    join(project, 'consumer.ts'),
    `import { buildNetworks, countsAs, gatherEvidence, judge, judgeSequence, type Observation, type Verdict } from '@waxwing/verdict';
const hits: Observation[] = [{ kind: 'open', ip: '203.0.113.9' }];
const verdicts: Verdict[] = judge(hits, { view: 'strict' });
const actor: string = verdicts[0]?.actor ?? '';
const seen: 'human' | 'automated' = countsAs('lenient', judgeSequence([gatherEvidence({ kind: 'click' }, buildNetworks([]))])[0]!);
// @ts-expect-error there is no such kind
judge([{ kind: 'look' }]);
console.log(actor, seen);
`,
  );
  const compiler = join(repository, 'node_modules', 'typescript', 'bin', 'tsc');
  for (const way of [
    ['--module', 'nodenext'],
    ['--module', 'esnext', '--moduleResolution', 'bundler'],
  ]) {
    const args = [compiler, '--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022,dom', '--types', '', ...way];
    run(process.execPath, [...args, 'consumer.ts'], project);
  }
});

test('it judges in a real browser page, as plain modules', async () => {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const file = join(installed, 'lib', path);
    const isModule = path.endsWith('.js') && existsSync(file);
    response.writeHead(path === '/' || isModule ? 200 : 404, {
      'content-type': isModule ? 'text/javascript' : 'text/html',
    });
    response.end(isModule ? readFileSync(file) : '<!doctype html><title>judge</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const judged = await page.evaluate<string[]>(`import('/index.js').then(({ judge }) => judge([
      { kind: 'open', ip: '172.225.30.8', userAgent: 'Mozilla/5.0' },
      { kind: 'click', ip: '172.225.30.8', userAgent: navigator.userAgent.replace('Headless', '') },
    ]).map((verdict) => verdict.verdict + ' ' + verdict.actor))`);
    assert.deepEqual(judged, ['automated apple-mpp', 'human browser']);
  } finally {
    await browser.close();
    server.close();
  }
});

test('the tarball holds scripts, types, maps, README, licence and the corpus once, and nothing else', (t) => {
  const paths = tarball.files.map((file) => file.path);
  assert.deepEqual(
    paths.filter((path) => !/^(lib\/[\w/-]+\.(js|d\.ts|js\.map)|corpus\/[\w-]+\.jsonl)$/.test(path)).sort(),
    ['LICENSE', 'README.md', 'package.json'],
  );
  assert.deepEqual(
    paths.filter((path) => /test|bench/.test(path)),
    [],
  );
  assert.deepEqual(
    paths.filter((path) => path.startsWith('corpus/')).length,
    readdirSync(join(repository, 'packages', 'verdict', 'corpus')).length,
  );
  assert.ok(tarball.unpackedSize < 2_000_000, `${tarball.unpackedSize} bytes`);
  t.diagnostic(`${tarball.size} bytes packed, ${tarball.unpackedSize} unpacked, ${paths.length} files`);
});

test('nothing in it names this machine, another package or a file that is not there', () => {
  const files = readdirSync(installed, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const entry of files) {
    const path = join(entry.parentPath, entry.name);
    const text = readFileSync(path, 'utf8');
    assert.ok(!text.includes(repository) && !text.includes(folder), `${path} holds a path of this machine`);
    if (entry.name.endsWith('.map')) assert.match(JSON.parse(text).sources[0], /^(\.\.\/)+src\/[\w/-]+\.ts$/, path);
    if (!/\.(js|d\.ts)$/.test(entry.name)) continue;
    for (const [, wanted = ''] of text.matchAll(/^(?:import|export)\b[^'"]*?from ['"]([^'"]+)['"]/gm)) {
      assert.match(wanted, /^\.{1,2}\/.*\.js$/, `${path} imports ${wanted}`);
      assert.ok(existsSync(join(entry.parentPath, wanted)), `${path} imports ${wanted}`);
    }
  }
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  assert.deepEqual([manifest.dependencies, manifest.scripts, manifest.repository], [undefined, undefined, undefined]);
});
