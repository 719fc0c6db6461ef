/**
 * `npm run build:verdict`: makes packages/verdict a publishable ESM package in packages/verdict/dist, with types, source maps,
 * README, licence and the labelled corpus, and nothing of this machine in it. It publishes nothing and asks no network.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

const repository = join(import.meta.dirname, '..');
const source = join(repository, 'packages', 'verdict');

/** What is in `target` already goes. */
export function buildVerdict(target: string): void {
  rmSync(target, { recursive: true, force: true });
  const lib = join(target, 'lib');
  compile(lib);
  for (const file of filesIn(lib)) {
    if (file.endsWith('.d.ts')) rewrite(file, withScriptExtensions);
    if (file.endsWith('.map')) rewrite(file, (text) => withPlainSource(text, relative(lib, file)));
  }
  mkdirSync(join(target, 'corpus'));
  cpSync(join(source, 'corpus'), join(target, 'corpus'), { recursive: true });
  copyFileSync(join(source, 'README.md'), join(target, 'README.md'));
  copyFileSync(join(repository, 'LICENSE'), join(target, 'LICENSE'));
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
}

function compile(outDir: string): void {
  const compiler = join(repository, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [compiler, '-p', join(source, 'tsconfig.build.json'), '--outDir', outDir];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the compiler found faults:\n${stdout}`);
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function rewrite(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}

/** The compiler does so in scripts only. */
function withScriptExtensions(text: string): string {
  return text.replace(/((?:from|import\() ?)(['"])(\.[^'"]*)\.ts\2/g, '$1$2$3.js$2');
}

/** The compiler writes the way to the source from wherever it was told to put the output; the map carries the text itself. */
function withPlainSource(text: string, file: string): string {
  const steps = file.split(sep);
  const script = steps.join('/').replace(/\.js\.map$/, '.ts');
  return JSON.stringify({ ...JSON.parse(text), sources: [`${'../'.repeat(steps.length)}src/${script}`] });
}

function manifest(): object {
  const { name, version, description, license, type, sideEffects, keywords } = JSON.parse(
    readFileSync(join(source, 'package.json'), 'utf8'),
  );
  return {
    ...{ name, version, description, license, type, sideEffects, keywords },
    engines: { node: '>=20' },
    exports: {
      '.': { types: './lib/index.d.ts', default: './lib/index.js' },
      './corpus/*.jsonl': './corpus/*.jsonl',
      './package.json': './package.json',
    },
    types: './lib/index.d.ts',
  };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const target = join(source, 'dist');
  buildVerdict(target);
  console.log(`Built ${relative(repository, target)}; \`npm publish\` there would publish it.`);
}
