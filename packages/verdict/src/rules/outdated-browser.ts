/** Detonation browsers are often years old. So are some people's, which is why this is only a weak sign. */
import type { Evidence } from '../evidence.ts';
import type { MachineRule } from './rule.ts';

/** Chrome 100 came on 2022-03-29 and one follows about every 4.3 weeks (chromiumdash.appspot.com/schedule). */
const CHROME_100_MS = Date.UTC(2022, 2, 29);
const RELEASE_MS = 4.3 * 7 * 86_400_000;
const YEARS_BEHIND_MS = 4 * 365 * 86_400_000;
/** Before 100 a release took about six weeks. */
const OLD_RELEASE_MS = 6 * 7 * 86_400_000;
/** The last ones for Windows XP, macOS 10.9, 10.10, 10.12, Windows 7 and 8, and macOS 10.14: people who cannot update stay on these. */
const LAST_FOR_OLD_SYSTEMS: readonly number[] = [49, 67, 87, 103, 109, 116];

export const outdatedBrowser: MachineRule = {
  id: 'outdated-browser',
  says: 'machine',
  family: 'agent',
  kinds: ['click'],
  needs: 'hit',
  strengths: ['weak'],
  text: 'The browser was more than four years out of date, as those of scanners often are.',
  source: 'gophish#973, #3317 (detonation by old desktop Chrome)',
  find: (hit) => (isOutdated(hit) ? { strength: 'weak', text: outdatedBrowser.text } : undefined),
};

function isOutdated(hit: Evidence): boolean {
  const major = hit.client.chromeMajor;
  if (major === undefined || hit.atMs === undefined || LAST_FOR_OLD_SYSTEMS.includes(major)) return false;
  const releasedMs = CHROME_100_MS + (major - 100) * (major < 100 ? OLD_RELEASE_MS : RELEASE_MS);
  return hit.atMs - releasedMs > YEARS_BEHIND_MS;
}
