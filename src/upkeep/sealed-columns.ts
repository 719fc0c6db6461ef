/** Every column that holds sealed values, and under which key: what a rotation seals anew. A test holds it against the catalogue. */
import type { SealPurpose } from '../platform/vault.ts';

export interface SealedColumn {
  readonly table: string;
  readonly column: string;
  readonly purpose: SealPurpose;
}

/**
 * Under the account's wrapping key in force. Where a column speaks of one message, so are its older values only: newer ones
 * are under the message's own key, begin with a mark of theirs (platform/message-seal.ts) and are passed over.
 */
export const accountColumns: readonly SealedColumn[] = (
  [
    ['alert_settings', 'from_sealed', 'alert.from'],
    ['audit_entries', 'address_sealed', 'audit.address'],
    ['delivery_attempts', 'evidence_sealed', 'attempt.evidence'],
    ['delivery_attempts', 'reply_sealed', 'attempt.reply'],
    ['dimensions', 'value_sealed', 'dimension.value'],
    ['dkim_keys', 'private_key_sealed', 'dkim.key'],
    ['drafts', 'body_sealed', 'draft.body'],
    ['emergency_accesses', 'note_sealed', 'emergency.note'],
    ['emergency_accesses', 'reason_sealed', 'emergency.reason'],
    ['events', 'detail_sealed', 'event.detail'],
    ['idempotency_keys', 'response_sealed', 'idempotency.response'],
    ['legal_holds', 'details_sealed', 'hold.details'],
    ['legal_holds', 'release_sealed', 'hold.release'],
    ['mail_route_rules', 'domains_sealed', 'route.domains'],
    ['mail_routes', 'settings_sealed', 'route.settings'],
    ['provider_connections', 'secret_sealed', 'provider.secret'],
    ['provisioned_groups', 'attributes_sealed', 'provisioned.group'],
    ['provisioned_users', 'attributes_sealed', 'provisioned.user'],
    ['request_keys', 'key_sealed', 'request.key'],
    ['sessions', 'place_sealed', 'session.place'],
    ['sso_connections', 'client_secret_sealed', 'sign-on.secret'],
    ['sso_connections', 'settings_sealed', 'sign-on.connection'],
    ['templates', 'name_sealed', 'template.name'],
    ['template_versions', 'content_sealed', 'template.content'],
    ['tls_reports', 'content_sealed', 'tls.received'],
    ['transport_rules', 'domain_sealed', 'transport.rule'],
    ['suppressions', 'address_sealed', 'suppression.address'],
    ['tracking_consents', 'address_sealed', 'consent.address'],
    ['webhook_endpoints', 'earlier_secret_sealed', 'webhook.secret'],
    ['webhook_endpoints', 'secret_sealed', 'webhook.secret'],
    ['webhook_endpoints', 'url_sealed', 'webhook.url'],
    ['users', 'email_sealed', 'user.email'],
    ['users', 'name_sealed', 'user.name'],
    ['users', 'totp_sealed', 'user.totp'],
  ] as const
).map(([table, column, purpose]) => ({ table, column, purpose }));

/** Under the message's own key, which is sealed anew itself and so need not change. */
export const messageColumns: readonly string[] = [
  'message_contents.content_sealed',
  'message_contents.plan_sealed',
  'messages.header_sealed',
  'messages.links_sealed',
  'recipient_states.delivered_by_sealed',
  'recipient_states.gateway_mx_sealed',
  'recipients.address_sealed',
  'recipients.data_sealed',
  'returned_mail.content_sealed',
  'transport_releases.reason_sealed',
];

/** Keys of messages, under the account's wrapping keys, and keys of accounts, under the lines of the key file. */
export const keyColumns: readonly string[] = [
  'account_keys.sealed_key',
  'accounts.sealed_key',
  'message_keys.key_sealed',
];
