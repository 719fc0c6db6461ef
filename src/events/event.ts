/** What other areas tell about recipients and what they get back. Shapes only; rows and sealed bytes stay in the stores. */
import type { RecipientStatus } from '../contract/values.ts';
import type { VerdictBody } from '../contract/verdicts.ts';
import type { KindCounts } from '../core/report/kinds.ts';
import type { AccountVault, Sealer } from '../platform/vault.ts';

/** Whose rows, and the keys that seal what must not be read at rest. */
export interface AccountKeys {
  readonly accountId: string;
  readonly vault: Pick<AccountVault, 'seal' | 'open' | 'index' | 'openMessageKey'>;
}

export type DimensionKind = 'campaign' | 'sender' | 'domain' | 'link' | 'link-set';

/** A value that reports group by; equal values of an account share one small number. */
export interface DimensionValue {
  readonly kind: DimensionKind;
  readonly value: string;
  /** Of a campaign as one department sends it: the department, and the campaign's number in the account; 0: none. */
  readonly of?: { readonly departmentId: string; readonly baseId: number };
}

export interface AcceptedMessage {
  readonly accountId: string;
  readonly messageId: string;
  readonly acceptedAt: Date;
  /** The account's, now: the report day of these recipients is settled by it for good. */
  readonly timeZone: string;
  /** 0: no campaign. */
  readonly campaignId: number;
  readonly senderId: number;
  /** 0: no tracked link. */
  readonly linkSetId: number;
  readonly recipients: readonly { readonly recipientId: string; readonly domainId: number }[];
}

/** What an attempt at one recipient came to. */
export interface DeliveryOutcome {
  readonly recipientId: string;
  readonly kind: 'delivered' | 'deferred' | 'bounced' | 'dropped';
  readonly at: Date;
  readonly detail: DeliveryDetail;
  /** The message's own; without it nothing of the detail is kept but our own words. */
  readonly sealer?: Sealer | null | undefined;
  /** Of `delivered`: how the next hop was found; timing rules trust only `mx`. */
  readonly via?: 'mx' | 'relay';
  /** The recipient's own mail exchanger: the host that took the message, or what DNS names. */
  readonly gatewayMx?: { readonly host: string; readonly source: 'delivery' | 'dns' };
}

/** Sealed under the message's key: a remote's words echo addresses, and its name may be a person's own. */
export interface DeliveryDetail {
  readonly host: string | null;
  readonly reply: string | null;
  /** A short code or sentence of ours. */
  readonly why: string;
}

export interface HitVerdict extends Omit<VerdictBody, 'id' | 'provisional'> {
  readonly judgedAt: Date;
  /** From then on no later hit of the sequence is expected to change it. */
  readonly settlesAt: Date;
}

/** Sealed at rest. `evidence` is what rules were shown, as JSON in the judging area's own form; it is kept so that history can be judged again. */
export interface HitDetail {
  readonly request: {
    readonly method: string;
    readonly token: 'valid' | 'damaged';
    /**
     * Address and agent, sealed once more under a key that may end before the event, and that under the key of the
     * message; absent where they are not kept.
     */
    readonly locked?: string;
    /** The same, but not under the message's: of events from before that. */
    readonly kept?: string;
    /** The same readable: of events from before there were such keys. */
    readonly ip?: string | null;
    readonly userAgent?: string | null;
  };
  readonly evidence: unknown;
}

/** One request to a tracking URL, as the journal kept it. */
export interface Hit {
  /** The journal's id: a hit that comes twice is stored once. */
  readonly id: string;
  readonly kind: 'open' | 'click';
  readonly occurredAt: Date;
  readonly messageId: string;
  readonly recipientId: string;
  readonly linkIndex: number | null;
  /** Keyed hash of address and agent. */
  readonly sourceKey: Uint8Array | null;
  readonly detail: HitDetail;
}

export interface JudgedHit extends Hit {
  readonly verdict: HitVerdict;
}

/**
 * An earlier hit and the opinion that now replaces its own. Where only the ruleset or the reasons differ, the verdict's row
 * and the counts by ruleset follow, and no change is kept: only a flip is one.
 */
export interface Revision {
  readonly hit: JudgedHit;
  readonly verdict: HitVerdict;
}

/**
 * A hit of somebody who may only be counted: nothing else of it is kept. Whom it is counted with is said by a locked
 * recipient, or, where the token named none, by its campaign and a day.
 */
export type AnonymousHit = {
  readonly kind: 'open' | 'click';
  readonly verdict: Pick<HitVerdict, 'verdict' | 'strength'>;
} & ({ readonly recipientId: string } | { readonly campaignId: number; readonly acceptedDay: string });

/** A recipient whose state no other transaction can move until this one ends. */
export interface LockedRecipient {
  readonly recipientId: string;
  readonly messageId: string;
  readonly acceptedAt: Date;
  readonly acceptedDay: string;
  readonly campaignId: number;
  readonly senderId: number;
  readonly domainId: number;
  readonly linkSetId: number;
  readonly status: RecipientStatus;
  readonly opens: KindCounts;
  readonly clicks: KindCounts;
  /** Opens that hide whether a person looked too. */
  readonly prefetches: number;
  readonly deliveredAt: Date | null;
  readonly deliveredVia: 'mx' | 'relay' | null;
  /** What of its name may be read: enough to know a gateway by. */
  readonly gatewayMx: string | null;
  readonly gatewayMxSource: 'delivery' | 'dns' | null;
  readonly isUnsubscribed: boolean;
  readonly isComplained: boolean;
}

export type LockedRecipients = ReadonlyMap<string, LockedRecipient>;

/** A hit of a source that other recipients' mail was fetched from too. */
export interface SourceHit {
  readonly sourceKey: string;
  readonly recipientId: string;
  readonly occurredAt: Date;
}
