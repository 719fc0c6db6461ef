/**
 * Takes one message for many recipients, each copy in its own words: tries the writing of every copy, then hands one
 * message to acceptance, whole or not at all. It keeps no written copy; each is written again when it leaves.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { departmentOfMail } from '../accounts/index.ts';
import {
  type BatchAccepted,
  type BatchRecipient,
  type BatchSubmission,
  batchRecipientsMax,
} from '../contract/batches.ts';
import { Problem, type ProblemCode } from '../contract/problem.ts';
import { comparableAddress, readMessage } from '../core/message/index.ts';
import { findLetterPlaces } from '../core/message/write-letter.ts';
import { canonicalJson } from '../core/sending/canonical-json.ts';
import { ValueFault } from '../core/template/marks.ts';
import { readDueAt } from '../delivery/index.ts';
import { newId } from '../platform/ids.ts';
import type { Caller } from '../platform/route.ts';
import {
  type Letter,
  type LetterSource,
  LinkTable,
  openedLetter,
  type RecipientData,
  templateData,
  ValueMissing,
  writeCopy,
} from '../templates/index.ts';
import { acceptMessage, type Desk, type SubmittedMessage, type SubmittedRecipient } from './accept-message.ts';
import { composeMessage } from './compose-message.ts';
import { answerOnce, type IdempotencyKey } from './idempotency.ts';
import { asciiDomain, readFrom, readMailbox, readReplyTo } from './read-mailbox.ts';
import { refuseUnusable } from './submit-by-rest.ts';
import { dataLengthMax, refuseMisplaced, templateWords } from './template-words.ts';

type Refused = BatchAccepted['refused'][number];

/** Named in one answer that refuses all. */
const namedAtMost = 100;
/** Others have their turn after so long. */
const turnMs = 25;
/** What trying all copies may take together. */
const tryingMs = 60_000;

export const submitBatch = (
  desk: Desk,
  caller: Caller,
  body: BatchSubmission,
  idempotencyHeader: string | undefined,
): Promise<BatchAccepted> =>
  answerOnce<BatchAccepted>(desk.world, caller, { header: idempotencyHeader, body }, async (key) => {
    const { submitted, refused } = await submittedOf(desk, caller, body, key);
    const answerOf = (warnings: readonly string[] | undefined): BatchAccepted => ({
      id: submitted.messageId,
      accepted: submitted.recipients.length,
      refused,
      ...(warnings === undefined ? {} : { warnings: [...warnings] }),
    });
    const outcome = await acceptMessage(desk, { ...submitted, answerOf: ({ warnings }) => answerOf(warnings) });
    return outcome.kind === 'accepted' ? answerOf(outcome.answer.warnings) : null;
  });

async function submittedOf(
  desk: Desk,
  caller: Caller,
  body: BatchSubmission,
  idempotencyKey: IdempotencyKey | null,
): Promise<{ submitted: SubmittedMessage; refused: Refused[] }> {
  const { recipients, ...shared } = body;
  if (recipients.length === 0) throw new Problem('message.no_recipients');
  if (recipients.length > batchRecipientsMax) throw new Problem('message.too_many_recipients');
  refuseMisplaced(body);
  const acceptedAt = desk.world.clock.now();
  const messageId = newId(acceptedAt);
  const from = readFrom(body.from);
  const dueAt = readDueAt(body.sendAt, acceptedAt);
  const source = await sourceOf(desk, caller, body);
  const letter = openedLetter(source);
  refuseUnusable(desk, { ...shared, ...wordsOf(source) });
  const octets = await composeMessage(
    { ...shared, ...(letter.isPlain ? wordsOf(source) : standIns(source)) },
    {
      messageId: `<${messageId}@${asciiDomain(from.domain)}>`,
      date: acceptedAt,
      from,
      replyTo: body.replyTo === undefined ? [] : readReplyTo(body.replyTo),
      to: [],
    },
  );
  const departmentId = departmentOfMail(caller, body.departmentId);
  const { settings } = await desk.readPolicy(caller.accountId, { recipients: [], departmentId });
  const trying = openTrial(desk, letter, octets, settings.trackPlainText);
  const { taken, refused } = await tryAll(trying, recipients);
  if (taken.length === 0 || (refused.length > 0 && body.partial !== true)) throw allRefused(refused);
  return {
    refused,
    submitted: {
      ...{ messageId, acceptedAt, octets, dueAt, idempotencyKey, departmentId, via: 'rest' },
      ...{ accountId: caller.accountId, actor: caller.actor },
      envelopeFrom: from.address,
      recipients: taken,
      mostRecipients: batchRecipientsMax,
      ownTo: true,
      campaign: body.campaign ?? null,
      tags: body.tags ?? [],
      wish: body.tracking ?? {},
      minimumTransport: body.minimumTransport,
      messageClass: body.class,
      unsubscribe: body.unsubscribe,
      ...(trying.places === null
        ? {}
        : {
            letter: {
              source,
              places: trying.places,
              links: [...trying.links.names],
              plainText: settings.trackPlainText,
            },
          }),
    },
  };
}

/** As the request writes it, or the template that it names. */
async function sourceOf(desk: Desk, caller: Caller, body: BatchSubmission): Promise<LetterSource> {
  const missing = body.missing ?? 'refuse';
  if (body.templateId !== undefined) return { ...(await templateWords(desk, caller, body)), missing };
  if (body.subject === undefined)
    throw new Problem('request.malformed', [{ field: 'subject', message: 'It is missing.' }]);
  return { subject: body.subject, html: body.html || null, text: body.text || null, missing };
}

const wordsOf = ({ subject, html, text }: LetterSource) => ({
  subject,
  ...(html === null ? {} : { html }),
  ...(text === null ? {} : { text }),
});

/** Not ASCII, so that the parts are declared to hold UTF-8. */
const standIns = ({ html, text }: LetterSource) => ({
  subject: '–',
  ...(html === null ? {} : { html: '–' }),
  ...(text === null ? {} : { text: '–' }),
});

interface Trial {
  readonly letter: Letter;
  /** Null: every copy has the same words. */
  readonly places: ReturnType<typeof findLetterPlaces> | null;
  readonly links: LinkTable;
  /** Writes the recipient's copy as it will leave, and forgets it. False: it is larger than a message may be. */
  fits(email: string, data: RecipientData): boolean;
}

function openTrial(desk: Desk, letter: Letter, octets: Buffer, plainText: boolean): Trial {
  const message = readMessage(octets);
  const places = letter.isPlain || message.kind === 'refused' ? null : findLetterPlaces(message);
  const links = new LinkTable();
  const plan = places === null ? null : { version: 'letter' as const, places, links: [], plainText, honeypot: false };
  const wish = { opens: true, clicks: true, honeypot: false, trackingUrl: desk.trackingUrl };
  return {
    letter,
    places,
    links,
    fits(email, data) {
      if (plan === null) return true;
      const written = letter.write(templateData(email, data));
      const wordsBytes = Buffer.byteLength(written.html ?? '') + Buffer.byteLength(written.text ?? '');
      if (octets.length + wordsBytes > desk.maxMessageBytes) return false;
      links.see(written, () => writeCopy(octets, plan, written, wish));
      return true;
    },
  };
}

interface Tried {
  readonly taken: SubmittedRecipient[];
  readonly refused: Refused[];
}

async function tryAll(trial: Trial, recipients: readonly BatchRecipient[]): Promise<Tried> {
  const tried: Tried = { taken: [], refused: [] };
  const known = new Set<string>();
  const began = performance.now();
  let turnBegan = began;
  for (const [index, recipient] of recipients.entries()) {
    if (performance.now() - turnBegan > turnMs) {
      await breathe();
      turnBegan = performance.now();
    }
    if (performance.now() - began > tryingMs)
      throw new Problem('template.value_unusable', [{ field: '', message: 'The copies take too long to write.' }]);
    const one = tryOne(trial, recipient, known);
    if ('code' in one) tried.refused.push({ index, ...one });
    else tried.taken.push(one);
  }
  return tried;
}

type Refusal = Omit<Refused, 'index'>;
const refusal = (code: ProblemCode, detail: string): Refusal => ({ code, detail });

function tryOne(trial: Trial, recipient: BatchRecipient, known: Set<string>): SubmittedRecipient | Refusal {
  const { email, name, data, tracking } = recipient;
  const mailbox = readMailbox(email);
  if (mailbox === null) return refusal('message.invalid_address', 'Its email is not one address.');
  const shown = name ?? mailbox.name ?? undefined;
  if (/[\p{Cc}\u2028\u2029]/u.test(shown ?? ''))
    return refusal('message.header_malformed', 'Its name holds a line break or control character.');
  const kept = { ...(shown === undefined ? {} : { name: shown }), ...(data === undefined ? {} : { data }) };
  const written = canonicalJson(kept);
  if (written.length > dataLengthMax) return refusal('batch.data_too_large', 'Its data is too large.');
  const same = `${comparableAddress(mailbox.address)}\n${written}`;
  if (known.has(same)) return refusal('batch.duplicate_recipient', 'It is the same as one before.');
  known.add(same);
  try {
    if (!trial.fits(mailbox.address, kept))
      return refusal('message.too_large', 'Its copy is larger than a message may be.');
  } catch (error) {
    if (error instanceof ValueMissing)
      return refusal('template.value_missing', `It has no value for ${error.message}.`);
    if (error instanceof ValueFault) return refusal('template.value_unusable', `${error.message}.`);
    throw error;
  }
  return {
    address: mailbox.address,
    wish: tracking ?? {},
    data: shown === undefined && data === undefined ? undefined : kept,
  };
}

const allRefused = (refused: readonly Refused[]): Problem =>
  new Problem(
    'batch.recipients_refused',
    refused
      .slice(0, namedAtMost)
      .map(({ index, code, detail }) => ({ field: `recipients[${index}]`, message: `${code}: ${detail}` })),
  );
