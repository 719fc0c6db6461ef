/** The ladder of protection on the way, lowest rung first, in words for people who are not mail engineers. */
import type { MinimumTransport } from '../../../../src/contract/values.ts';

interface Rung {
  readonly level: MinimumTransport;
  readonly name: string;
  readonly about: string;
  readonly price: string;
}

export const rungs: readonly Rung[] = [
  {
    level: 'plain',
    name: 'Any connection',
    about: 'Mail may leave in clear text: whoever stands on the way can read it. Not fit for health information.',
    price: 'Everybody can be reached.',
  },
  {
    level: 'opportunistic',
    name: 'Encrypted where possible',
    about: 'Encrypted wherever the other side offers it. Somebody who interferes can still talk it down to clear text.',
    price: 'Everybody can be reached.',
  },
  {
    level: 'verified',
    name: 'Encrypted, certificate checked',
    about: 'TLS 1.2 or newer, to a server whose certificate is trusted and valid for its name.',
    price: 'A few small servers cannot be reached; mail to them waits and says why.',
  },
  {
    level: 'authenticated',
    name: 'Encrypted, identity proven',
    about: 'Only to servers that the recipient’s organisation itself vouches for: by MTA-STS, DANE or a pinned key.',
    price: 'Many organisations publish neither yet; mail to them waits.',
  },
];

export const rungName = (level: MinimumTransport): string => rungs.find((rung) => rung.level === level)?.name ?? level;

export const rungOptions = rungs.map(({ level, name }) => ({ value: level, label: name }));
