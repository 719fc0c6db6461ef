/** What a sending provider's webhook tells, in our own words. Shapes only: nothing is read, judged or stored here. */

export type ProviderName = 'sendgrid' | 'mailgun' | 'postmark' | 'ses' | 'sparkpost' | 'resend' | 'mandrill';

export type ProviderEventKind = 'accepted' | 'delivered' | 'deferred' | 'bounced' | 'dropped' | 'open' | 'click';

export interface ProviderEvent {
  /** The provider's own id of the event, or a hash of what never changes in it: a redelivery has the same. */
  readonly eventId: string;
  readonly kind: ProviderEventKind;
  readonly atMs: number;
  /** The provider's id of the message. */
  readonly messageId: string;
  /** Null where the provider does not say which of several recipients it was: nobody is marked then. */
  readonly recipient: string | null;
  readonly campaign: string | null;
  readonly tags: readonly string[];
  readonly sender: string | null;
  /** When the provider took the message, where every event says so. */
  readonly sentAtMs: number | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly url: string | null;
  /** The host that took the message. */
  readonly mx: string | null;
  /** What the receiving server answered. It may name people. */
  readonly reply: string | null;
  /** The provider's own opinion of an open or click: evidence for the judge, not its verdict. */
  readonly says: 'prefetch' | 'machine' | null;
}

/** `ignored`: well formed, and of no use to reports, such as a complaint or a test. */
export type ProviderReading =
  | { readonly kind: 'event'; readonly event: ProviderEvent }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'refused'; readonly reason: string };

/** Reads one item of a payload; a provider that names several recipients in one event tells each. */
export type ReadItem = (item: Fields) => readonly ProviderReading[];

/** A JSON object as a stranger sent it. */
export type Fields = Readonly<Record<string, unknown>>;

export const ignored: readonly ProviderReading[] = [{ kind: 'ignored' }];
export const refused = (reason: string): readonly ProviderReading[] => [{ kind: 'refused', reason }];
