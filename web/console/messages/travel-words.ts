/** How a copy travelled, in words for people who are not mail engineers. */
import type { z } from 'zod';
import type { receipt } from '../../../src/contract/transport.ts';

export type Receipt = z.infer<typeof receipt>;
export type Attempt = Receipt['attempts'][number];
type Tried = Attempt['tries'][number];

const rungs = {
  plain: 'in clear text, readable for whoever stood on the way',
  opportunistic: 'encrypted; who the other side was, nobody proved',
  verified: 'encrypted, to a server that proved its name',
  authenticated: 'encrypted, to a server that the recipient’s organisation vouches for',
} as const;

const asked = {
  plain: 'nothing in particular',
  opportunistic: 'encryption wherever it is offered',
  verified: 'encryption to a server that proves its name',
  authenticated: 'encryption to a server that the recipient’s organisation vouches for',
} as const;

const by: Readonly<Record<string, string>> = {
  account: 'Your organisation',
  department: 'The department',
  domain_rule: 'The rule for this recipient domain',
  message: 'The message itself',
  acceptance: 'The policy when the message was accepted',
};

type Release = Receipt['releases'][number];

const releasers: Readonly<Record<string, string>> = {
  user: 'A user',
  'api-key': 'A program with an API key',
  session: 'Somebody with an installation link',
};

/** How the protection that was asked for may be given up, and by whom it was. */
export function releaseSentence(
  { transport, by: { kind, id }, releasedAt, expiresAt }: Release,
  when: (at: string) => string,
): string {
  const who = `${releasers[kind] ?? 'The program'} (${id})`;
  const what = transport === 'plain' ? 'even unencrypted' : 'to a server that need not prove its name, encrypted';
  return `${who} let it go ${what}, from ${when(releasedAt)} until it was taken, or ${when(expiresAt)}.`;
}

const protection = /^tls\.(not_offered|handshake|certificate|no_authenticated_route)$/;

/** The policy of the organisation itself, which may be released, keeps it from going. */
export const isKeptBack = ({ status, attempts }: Receipt): boolean =>
  (status === 'queued' || status === 'deferred') &&
  (attempts
    .at(-1)
    ?.tries.some(
      ({ grounds, why }) => (grounds === 'floor' || grounds === 'release') && why !== null && protection.test(why),
    ) ??
    false);

export const askedSentence = ({ asked: floor }: Attempt): string | null =>
  floor === null ? null : `${by[floor.from] ?? 'Policy'} asked for ${asked[floor.level]}.`;

export function policySentence({ mtaSts, tries }: Attempt): string | null {
  if (tries.some(({ grounds }) => grounds === 'dane'))
    return 'The recipient’s domain names its server’s certificate in signed DNS (DANE).';
  if (mtaSts?.state === 'enforced') return 'The recipient’s domain insists on proved servers (MTA-STS).';
  if (tries.some(({ grounds }) => grounds === 'pin')) return 'The relay’s key is pinned.';
  return null;
}

export function triedSentence(
  { host, address, tls, reached, why, toldOf }: Tried,
  texts: Attempt['why'],
  when: (at: string) => string,
): string {
  const where = address === null ? host : `${host} (${address})`;
  const how = tls === null ? '' : ` ${tls.protocol}, ${tls.cipher}.`;
  if (reached !== null) return `${where}: ${rungs[reached]}.${how}`;
  const asked = toldOf === undefined ? '' : ` It had just been asked, ${when(toldOf)}, and was not asked again.`;
  return `${where}: ${why === null || why === texts.code ? texts.text : 'nothing was sent there.'}${asked}`;
}

export function certificateSentence({ tls }: Tried, day: (at: string) => string): string | null {
  const shown = tls?.certificate ?? null;
  if (shown === null) return null;
  const trust = shown.verdict === 'trusted' ? 'trusted' : `not vouched for by a known authority (${shown.verdict})`;
  return `Certificate: ${shown.subject}, issued by ${shown.issuer}, until ${day(shown.notAfter)}, ${trust}.`;
}
