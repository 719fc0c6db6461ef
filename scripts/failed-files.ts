/** A reporter for Node's test runner that names each file in which something failed, once, a line each. */
import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';

export default async function* failedFiles(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const told = new Set<string>();
  for await (const { type, data } of events) {
    if (type !== 'test:fail' || data.file === undefined) continue;
    const file = relative(process.cwd(), data.file);
    if (!told.has(file)) yield `${file}\n`;
    told.add(file);
  }
}
