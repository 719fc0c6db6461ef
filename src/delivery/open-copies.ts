/**
 * Loads what claimed recipients' copies are made from and opens the seals. A message with many recipients is loaded
 * once; what is kept is bounded in bytes and time. What does not open is said so and harms nobody else.
 */
import { accountVault, readMailPolicies } from '../accounts/index.ts';
import { chainAbove, decidePolicies } from '../core/access/department-policy.ts';
import { type ChosenRoute, chooseRoute } from '../core/delivery/choose-route.ts';
import type { MailRoute } from '../core/delivery/mail-route.ts';
import { decodeStoredHeader, type StoredHeader } from '../core/delivery/stored-header.ts';
import { type Floor, type MinimumTransport, type Released, strictestFloor } from '../core/delivery/transport.ts';
import type { Plan } from '../core/message/index.ts';
import { suppressedWords, whySuppressed } from '../core/returns/suppressed-words.ts';
import type { DkimKey } from '../core/senders/dkim.ts';
import type { Tx } from '../platform/database.ts';
import { type AccountVault, KeyUnknown, nullWhenBroken, SealBroken, type Sealer } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { type RouteBook, routeBook } from '../routing/index.ts';
import { senderOfDomain, verifiedSenders } from '../senders/index.ts';
import { isLetterPlan, type LetterPlan, openLetter, type RecipientData } from '../templates/index.ts';
import { holdOpenedMessages, type OpenedMessages, type OpenMessage } from './opened-messages.ts';
import { domainOf } from './route.ts';
import { readRuleLevels, ruleIndex } from './rule-store.ts';
import { authorOf } from './sign-copy.ts';
import { type Claimed, type CopySource, readContents, readCopySources, type SealedContent } from './store.ts';

export interface OpenCopy {
  readonly kind: 'ready';
  readonly claimed: Claimed;
  readonly message: OpenMessage;
  readonly address: string;
  readonly data: RecipientData;
  /** The message's own: what is said of this copy is sealed by it. */
  readonly sealer: Sealer;
  /** Of the author's domain; none: the copy goes unsigned. */
  readonly signingKeys: readonly DkimKey[];
  readonly handle: Buffer;
  readonly level: CopySource['level'];
  readonly opens: boolean;
  readonly clicks: boolean;
  readonly acceptedAt: Date;
  readonly campaignId: number;
  /** The strictest of what account, departments, the rule of the recipient's domain and the message ask, then and now. */
  readonly floor: Floor;
  /** Somebody let it go below the floor, so far. */
  readonly released: Released | null;
  readonly chosen: ChosenRoute<MailRoute>;
}

/** `gone`: the message was erased while it waited. `unreadable`: keys and content do not fit together, or it has no key. */
export type LoadedCopy =
  | OpenCopy
  /** The address was put on the suppression list while its mail waited. */
  | { readonly kind: 'suppressed'; readonly claimed: Claimed; readonly why: string }
  | { readonly kind: 'gone' | 'unreadable'; readonly claimed: Claimed };

export interface LoadedCopies {
  readonly copies: readonly LoadedCopy[];
  /** Not loaded yet: together they were too large. */
  readonly later: readonly Claimed[];
  /** Not loaded, as `fits` found no room for them. */
  readonly crowded: readonly Claimed[];
}

export interface CopyLoader {
  /** All of one account. `fits` is asked of each copy by the size of its message, before that is read. */
  load(accountId: string, claimed: readonly Claimed[], fits?: (sizeBytes: number) => boolean): Promise<LoadedCopies>;
  /** What this process is just storing need not be read and opened again. Whether it may go out is always asked. */
  remember(messageId: string, message: OpenMessage): void;
  /** Nobody asked for it lately: it may be erased by now, or went out from another process. */
  forgetOld(): void;
}

interface Loaded {
  readonly senders?: Awaited<ReturnType<typeof verifiedSenders>>;
  readonly book?: RouteBook;
  /** Of mail of a department, or of the account itself. */
  readonly floorNow: (departmentId: string | null) => Floor;
  /** A department and all above it. */
  readonly above: (departmentId: string | null) => readonly string[];
  /** Of recipient domains, by their keyed hash. */
  readonly rules: ReadonlyMap<string, MinimumTransport>;
  readonly sources: ReadonlyMap<string, CopySource>;
  readonly contents: ReadonlyMap<string, SealedContent>;
  /** Opened before, held here so that the cache may forget them meanwhile. */
  readonly known: Map<string, OpenMessage>;
  readonly later: ReadonlySet<string>;
  /** Recipients whose copies find no room. */
  readonly crowded: ReadonlySet<string>;
}

/** Contents that one load reads at most, unless a single one is larger. */
const loadBytes = 16 * 1024 * 1024;
const rememberedForMs = 60_000;

export function openCopyLoader(world: Pick<World, 'db' | 'vault' | 'clock'>, cacheBytes: number): CopyLoader {
  const messages = holdOpenedMessages(cacheBytes);
  return {
    async load(accountId, claimed, fits = () => true) {
      const vault = await accountVault(world, accountId).catch(nullWhenBroken);
      if (vault === null)
        return { copies: claimed.map((one) => ({ kind: 'unreadable', claimed: one })), later: [], crowded: [] };
      const loaded = await world.db.readAccount(accountId, (tx) =>
        readLoaded(tx, claimed, { messages, fits, now: world.clock.now() }),
      );
      const [senders, book] = await Promise.all([verifiedSenders(world, accountId), routeBook(world, accountId)]);
      const isCrowded = (one: Claimed): boolean => loaded.crowded.has(one.recipientId);
      const isLater = (one: Claimed): boolean => loaded.later.has(one.messageId) && !isCrowded(one);
      const copies = claimed
        .filter((one) => !isLater(one) && !isCrowded(one))
        .map((one) => openCopy(one, { ...loaded, senders, book }, vault));
      for (const source of loaded.sources.values()) {
        const message = loaded.known.get(source.messageId);
        if (message === undefined || !isAskedAgain(source)) messages.drop(source.messageId);
        else messages.keep(source.messageId, message, world.clock.now());
      }
      return { copies, later: claimed.filter(isLater), crowded: claimed.filter(isCrowded) };
    },
    remember: (messageId, message) => messages.keep(messageId, message, world.clock.now()),
    forgetOld: () => messages.dropBefore(new Date(world.clock.now().getTime() - rememberedForMs)),
  };
}

/** With one recipient nobody else will ask for it, and a retry reads it again; an erased one must not outlive its key. */
export const isAskedAgain = ({
  recipientCount,
  erasedAt,
  keySealed,
}: Pick<CopySource, 'recipientCount' | 'erasedAt' | 'keySealed'>): boolean =>
  recipientCount > 1 && erasedAt === null && keySealed !== null;

interface Loading {
  readonly messages: OpenedMessages;
  readonly fits: (sizeBytes: number) => boolean;
  readonly now: Date;
}

async function readLoaded(tx: Tx, claimed: readonly Claimed[], { messages, fits, now }: Loading): Promise<Loaded> {
  const sources = await readCopySources(
    tx,
    claimed.map((one) => one.recipientId),
    now,
  );
  const known = new Map<string, OpenMessage>();
  const wanted = new Set<string>();
  const later = new Set<string>();
  const crowded = new Set<string>();
  let bytes = 0;
  for (const { recipientId, messageId, sizeBytes } of sources) {
    const message = messages.get(messageId);
    if (message !== undefined) known.set(messageId, message);
    if (!fits(sizeBytes)) crowded.add(recipientId);
    else if (message !== undefined || wanted.has(messageId)) continue;
    else if (wanted.size > 0 && bytes + sizeBytes > loadBytes) later.add(messageId);
    else {
      wanted.add(messageId);
      bytes += sizeBytes;
    }
  }
  const contents = wanted.size === 0 ? [] : await readContents(tx, [...wanted]);
  return {
    ...(await readFloors(tx, sources)),
    rules: sources.some(({ hasRules }) => hasRules) ? await readRuleLevels(tx) : new Map(),
    sources: new Map(sources.map((one) => [one.recipientId, one])),
    contents: new Map(contents.map((one) => [one.messageId, one])),
    known,
    later,
    crowded,
  };
}

/** As account and departments want it now. A department that is gone leaves the account's floor. */
async function readFloors(tx: Tx, sources: readonly CopySource[]): Promise<Pick<Loaded, 'floorNow' | 'above'>> {
  const departmentIds = new Set(sources.flatMap(({ departmentId }) => departmentId ?? []));
  const { settings, holders } = await readMailPolicies(tx, [...departmentIds]);
  return {
    floorNow(id) {
      const { value, from } = decidePolicies(settings, id === null ? [] : chainAbove(holders, id)).minimumTransport;
      return { level: value, from: from === null ? 'account' : 'department' };
    },
    above: (id) => (id === null ? [] : chainAbove(holders, id).map((one) => one.id)),
  };
}

function openCopy(claimed: Claimed, loaded: Loaded, vault: AccountVault): LoadedCopy {
  const source = loaded.sources.get(claimed.recipientId);
  if (source === undefined || source.erasedAt !== null) return { kind: 'gone', claimed };
  // Restored without its key: nobody wanted it to end, so it stays in sight.
  if (source.keySealed === null) return { kind: 'unreadable', claimed };
  const suppressed = whySuppressed(source.suppressions ?? [], source.isMarketing ?? false);
  if (suppressed !== undefined) return { kind: 'suppressed', claimed, why: suppressedWords[suppressed] };
  try {
    const sealer = vault.openMessageKey(source.keySealed);
    const message = loaded.known.get(source.messageId) ?? openMessage(sealer, source, loaded.contents);
    loaded.known.set(source.messageId, message);
    const address = sealer.open('recipient.address', source.addressSealed).toString();
    return {
      kind: 'ready',
      claimed,
      message,
      address,
      data: openData(sealer, source),
      sealer,
      signingKeys: senderOfDomain(loaded.senders ?? [], domainOf(authorOf(message.header.from)))?.keys ?? [],
      chosen: chooseRoute(loaded.book?.rules ?? [], {
        recipientDomain: domainOf(address),
        senderDomain: domainOf(authorOf(message.header.from)),
        departmentIds: loaded.above(source.departmentId),
        messageClass: source.isMarketing ? 'marketing' : 'transactional',
      }),
      handle: source.handle,
      level: source.level,
      opens: source.opens,
      clicks: source.clicks,
      acceptedAt: source.acceptedAt,
      campaignId: source.campaignId,
      released: source.released,
      floor: floorOf(message.header, loaded, source.departmentId, ruleFor(loaded, vault, address)),
    };
  } catch (error) {
    if (error instanceof KeyUnknown) throw error; // a rotation that this process hears of in a moment
    // A broken seal, or content that is missing or not of this version: people must look, a retry changes nothing.
    return { kind: 'unreadable', claimed };
  }
}

function ruleFor({ rules }: Loaded, vault: AccountVault, address: string): MinimumTransport | undefined {
  return rules.size === 0 ? undefined : rules.get(vault.index(ruleIndex, domainOf(address)).toString('hex'));
}

function floorOf(
  header: StoredHeader,
  { floorNow }: Loaded,
  departmentId: string | null,
  rule: MinimumTransport | undefined,
): Floor {
  const atAcceptance = { level: header.minimumTransport, from: header.asksItself ? 'message' : 'acceptance' } as const;
  const ofRule: Floor[] = rule === undefined ? [] : [{ level: rule, from: 'domain_rule' }];
  return strictestFloor(floorNow(departmentId), ...ofRule, atAcceptance);
}

const openData = (sealer: Sealer, { dataSealed }: CopySource): RecipientData =>
  dataSealed === null ? {} : (JSON.parse(sealer.open('recipient.data', dataSealed).toString()) as RecipientData);

function openMessage(sealer: Sealer, source: CopySource, contents: ReadonlyMap<string, SealedContent>): OpenMessage {
  const sealed = contents.get(source.messageId);
  if (sealed === undefined) throw new SealBroken('a message has a key and no content');
  const plan = JSON.parse(sealer.open('message.plan', sealed.planSealed).toString()) as Plan | LetterPlan;
  return {
    header: decodeStoredHeader(sealer.open('message.header', source.headerSealed).toString()),
    content: sealer.open('message.content', sealed.contentSealed),
    plan,
    letter: isLetterPlan(plan) ? openLetter(plan.source) : null,
  };
}
