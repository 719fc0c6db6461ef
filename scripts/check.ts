/** The house rules as one command: compilers, linter, import order, unused code, sizes and generated documents. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const maxFileLines = 500;
const maxTestFileLines = 700;

const commands: readonly (readonly string[])[] = [
  ['tsc', '-p', 'tsconfig.json'],
  ['tsc', '-p', 'tsconfig.pure.json'],
  ['tsc', '-p', 'web/tsconfig.json'],
  ['biome', 'ci', '.'],
  ['depcruise', '--output-type', 'err', 'src', 'packages', 'web/console', 'web/shared', 'test', 'bench', 'scripts'],
  ['knip'],
  ['node', 'scripts/docs.ts', '--check'],
];

function runs([program, ...args]: readonly string[]): boolean {
  console.log(`\n› ${program} ${args.join(' ')}`);
  return spawnSync(program ?? '', args, { stdio: 'inherit' }).status === 0;
}

function* sourceFiles(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (['node_modules', 'dist', 'fixtures'].includes(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sourceFiles(path);
    else if (/\.(ts|tsx|mjs)$/.test(entry.name)) yield path;
  }
}

function tooLongFiles(): string[] {
  return ['src', 'packages', 'web', 'test', 'scripts', 'bench'].flatMap((folder) =>
    [...sourceFiles(folder)].flatMap((path) => {
      const lines = readFileSync(path, 'utf8').split('\n').length;
      const max = path.endsWith('.test.ts') ? maxTestFileLines : maxFileLines;
      return lines > max ? [`${path} has ${lines} lines; ${max} are the most`] : [];
    }),
  );
}

const failed = commands.filter((command) => !runs(command)).map((command) => command.join(' '));
const complaints = [...failed.map((command) => `failed: ${command}`), ...tooLongFiles()];
console.log(complaints.length === 0 ? '\nThe house is in order.' : `\n${complaints.join('\n')}`);
process.exitCode = complaints.length === 0 ? 0 : 1;
