/** The shape of one observed request. Nothing is read or decided here. */

/** Header values as any server or log hands them over; names in any case. */
export type ObservedHeaders = Readonly<Record<string, unknown>>;

/** The same for callers whose moments are numbers already: milliseconds since 1970. What is undefined is missing. */
export type Observed = {
  readonly [K in Exclude<keyof Observation, 'kind' | 'at' | 'deliveredAt'>]?: Observation[K] | undefined;
} & {
  readonly kind: Observation['kind'];
  readonly at?: string | number | undefined;
  readonly deliveredAt?: string | number | undefined;
};

/** One HTTP request to a tracking URL. Only `kind` is required: what is missing is missing, never assumed. */
export interface Observation {
  readonly id?: string;
  readonly kind: 'open' | 'click';
  /** When the request came, ISO 8601. A time without a zone is read as UTC. */
  readonly at?: string;
  /** When the receiving server answered 250, ISO 8601. */
  readonly deliveredAt?: string;
  /** `relay`: all that is known is that a relay took the message, so timing counts only as a weak sign. */
  readonly deliveredVia?: 'mx' | 'relay';
  readonly recipient?: string;
  readonly message?: string;
  readonly method?: string;
  readonly ip?: string;
  readonly userAgent?: string;
  readonly headers?: ObservedHeaders;
  /** Whether the request came over TLS; unknown when absent. */
  readonly https?: boolean;
  /** Index of the link in the message, and how many links the message has. */
  readonly link?: number;
  readonly linkCount?: number;
  readonly honeypot?: boolean;
  /** `damaged`: derived from an issued token, but not one. */
  readonly token?: 'valid' | 'damaged';
  /** The host that took the message for the recipient's domain. */
  readonly mx?: string;
  /** The body was exactly `List-Unsubscribe=One-Click` (RFC 8058 §3.1). */
  readonly oneClick?: boolean;
  /** Origin AS number, when the caller has a table. */
  readonly asn?: number;
  /** Any opaque name of the place (a country, a city), when the caller has a table. */
  readonly place?: string;
  /** Opaque key standing for address and agent when those are gone. */
  readonly source?: string;
  /** Distinct recipients this address and agent reached, seen by a caller who sees more than this batch. */
  readonly recipientsFromSource?: { readonly within1s?: number; readonly within10min?: number };
  /** How far this hit fits what the scanner of the recipient's domain was seen to do, by a caller who learns that. */
  readonly habit?: {
    /** Settled, machine-handled copies that the habit was learned from. */
    readonly copies: number;
    readonly fitsNetwork: boolean;
    readonly fitsDelay: boolean;
  };
  /** What another provider's own flag says of this hit: loaded in advance, or by a machine. */
  readonly providerSays?: 'prefetch' | 'machine';
}
