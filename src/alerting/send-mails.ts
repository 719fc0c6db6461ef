/**
 * Hands planned alert mails to acceptance, each at most once by its id, and tries again what was not taken. A mail that
 * was accepted is delivered like any other, without tracking.
 */
import { accountVault, readDirectory } from '../accounts/index.ts';
import type { Submission } from '../contract/messages.ts';
import { Problem } from '../contract/problem.ts';
import { summaryOf, wordsOf } from '../core/alerting/mail-words.ts';
import { DatabaseUnavailable, type Tx } from '../platform/database.ts';
import { errorFacts } from '../platform/log.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { type Desk, submitByRest } from '../sending/index.ts';
import {
  type DueMail,
  listAlertsOfMail,
  listDueMails,
  markMailAccepted,
  markMailFailed,
  readSettingsRow,
} from './store.ts';

export interface AlertingNeeds {
  readonly world: World;
  readonly desk: Desk;
  /** Null: the installation does not know where people open its console. */
  readonly consoleUrl: string | null;
}

const firstPauseMs = 30_000;
const longestPauseMs = 3_600_000;
const giveUpAfterMs = 24 * 3_600_000;

export async function sendDueMails(needs: AlertingNeeds, accountId: string): Promise<void> {
  const { world } = needs;
  const vault = await accountVault(world, accountId);
  const now = world.clock.now();
  const ready = await world.db.readAccount(accountId, async (tx) => {
    const bodies: { mail: DueMail; body: Submission | null }[] = [];
    for (const mail of await listDueMails(tx, now)) bodies.push({ mail, body: await bodyOf(tx, vault, needs, mail) });
    return bodies;
  });
  for (const { mail, body } of ready) await sendOne(needs, accountId, mail, body);
}

/** Null: there is nobody to send it to, or nothing to send it from, any more. */
async function bodyOf(tx: Tx, vault: AccountVault, needs: AlertingNeeds, mail: DueMail): Promise<Submission | null> {
  const { fromSealed } = await readSettingsRow(tx);
  const person = (await readDirectory(tx, vault)).find(({ id }) => id === mail.userId);
  if (fromSealed === null || person === undefined || !person.isActive) return null;
  const alerts = (await listAlertsOfMail(tx, mail.id)).map(({ userId, ...alert }) => ({
    ...alert,
    isOwn: userId === mail.userId,
  }));
  const [first] = alerts;
  if (first === undefined) return null;
  const words = mail.isSummary ? summaryOf(alerts, needs.consoleUrl) : wordsOf(first, needs.consoleUrl);
  return {
    ...words,
    from: vault.open('alert.from', fromSealed).toString(),
    to: [person.email],
    tags: ['waxwing-alert'],
    headers: { 'Auto-Submitted': 'auto-generated' }, // RFC 3834 §5: vacation notices do not answer it
    tracking: { opens: false, clicks: false, level: 'off' },
  };
}

async function sendOne(
  { world, desk }: AlertingNeeds,
  accountId: string,
  mail: DueMail,
  body: Submission | null,
): Promise<void> {
  const caller: Caller = { accountId, actor: { kind: 'system', id: 'alerting' } };
  const code = body === null ? 'alerts.nobody' : await submit(world, desk, caller, mail, body);
  const at = world.clock.now();
  await world.db.asAccount(accountId, (tx) =>
    code === null
      ? markMailAccepted(tx, mail.id, at)
      : markMailFailed(tx, mail.id, { code, ...nextTry(mail, at, body === null) }),
  );
}

/** Null: it was accepted, now or by an earlier try that did not live to say so. Else the code of what was wrong. */
async function submit(
  world: World,
  desk: Desk,
  caller: Caller,
  mail: DueMail,
  body: Submission,
): Promise<string | null> {
  try {
    await submitByRest(desk, caller, body, `alert-mail ${mail.id}`);
    return null;
  } catch (error) {
    if (error instanceof DatabaseUnavailable) throw error;
    if (!(error instanceof Problem)) {
      world.log.error({ accountId: caller.accountId, ...errorFacts(error) }, 'an alert mail could not be handed over');
      return 'server.error';
    }
    // The sender or address was changed in between: the first body stands.
    return error.code === 'idempotency.key_reused' ? null : error.code;
  }
}

function nextTry(mail: DueMail, at: Date, isHopeless: boolean): { dueAt: Date; givenUpAt: Date | null } {
  const pauseMs = Math.min(firstPauseMs * 2 ** mail.tries, longestPauseMs);
  const isTooOld = at.getTime() - mail.plannedAt.getTime() >= giveUpAfterMs;
  return { dueAt: new Date(at.getTime() + pauseMs), givenUpAt: isHopeless || isTooOld ? at : null };
}
