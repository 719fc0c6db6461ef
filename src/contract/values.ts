/** Small values that many requests and responses share. */
import { z } from 'zod';

export const nothing = z.undefined();
export const noParams = z.object({});
export const noQuery = z.object({});

/**
 * Marks that turn the direction of whatever stands behind them (UAX #9 §2.1–2.4): a name that holds one may show itself, and
 * what stands beside it in a list, as something else. No language needs them in a name.
 */
const turningMarks = /[\u202A-\u202E\u2066-\u2069]/u;

/** What people call something; shown to others among names that others gave. */
export const givenName = (most: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(most)
    .refine((name) => !turningMarks.test(name), 'Has a mark that turns the direction of writing. Write it without.');

export const id = z.uuid().meta({ description: 'An id that Waxwing gave.' });
/** A filter: this department and all below it. Of one that the caller does not reach, nothing. */
export const departmentFilter = id
  .optional()
  .meta({ description: 'Only mail of this department and of all below it.' });
export const instant = z.iso
  .datetime({ offset: true })
  .meta({ description: 'ISO 8601 with a zone, such as 2026-11-22T08:30:00Z.' });
/** A filter bound: an instant (`until` exclusive), or a whole day in the account's time zone (`until` inclusive). */
export const instantOrDay = z.union([instant, z.iso.date()]);

export const trackingLevel = z
  .enum(['off', 'anonymous', 'identified'])
  .meta({ description: 'How far a recipient may be tracked; the strictest of account, message and recipient wins.' });
export type TrackingLevel = z.infer<typeof trackingLevel>;

export const view = z.enum(['strict', 'balanced', 'lenient']).meta({
  description: 'Which automated signals a reader believes: all, the probable and certain ones, or certain only.',
});
export type View = z.infer<typeof view>;

export const minimumTransport = z.enum(['plain', 'opportunistic', 'verified', 'authenticated']).meta({
  description:
    'verified: TLS 1.2 or later with a certificate for the host’s name; authenticated: that by MTA-STS, DANE or a pinned key.',
});

export const recipientStatus = z.enum(['queued', 'deferred', 'delivered', 'bounced', 'dropped']);
export type MinimumTransport = z.infer<typeof minimumTransport>;
export type RecipientStatus = z.infer<typeof recipientStatus>;

export const cursor = z.string().max(200).meta({ description: '`nextCursor` of the page before.' });
