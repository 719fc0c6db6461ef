-- Mail that another provider sent: what its webhooks told is kept as messages, recipients and events of ours.

ALTER TABLE messages
  DROP CONSTRAINT messages_submitted_by_check,
  ADD CONSTRAINT messages_submitted_by_check CHECK (submitted_by IN ('rest', 'smtp', 'provider')),
  -- Who sent it; null: we did. Such a message has one recipient and no content.
  ADD COLUMN provider text,
  ADD CONSTRAINT messages_provider_check CHECK ((provider IS NOT NULL) = (submitted_by = 'provider'));

-- Where a provider's webhook comes in, what it must show, and how it is doing.
CREATE TABLE provider_connections (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  provider text NOT NULL CHECK (provider IN ('sendgrid', 'mailgun', 'postmark', 'ses', 'sparkpost', 'resend', 'mandrill')),
  name text NOT NULL,
  secret_sealed bytea NOT NULL, -- JSON: the provider's key, the hash of our password, the topic
  has_key boolean NOT NULL,
  created_at timestamptz NOT NULL,
  deleted_at timestamptz,
  last_event_at timestamptz,
  accepted bigint NOT NULL DEFAULT 0,
  duplicates bigint NOT NULL DEFAULT 0,
  ignored bigint NOT NULL DEFAULT 0,
  refused bigint NOT NULL DEFAULT 0,
  last_refusal text, -- a sentence of ours
  last_refusal_at timestamptz
);
CREATE INDEX ON provider_connections (account_id, created_at);
CALL fence('provider_connections', 'SELECT, INSERT, UPDATE');

-- Whose address a webhook came to is asked before an account is known.
CREATE FUNCTION account_of_provider_connection(connection uuid) RETURNS TABLE (account_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT c.account_id FROM provider_connections c WHERE c.id = connection AND c.deleted_at IS NULL $$;
REVOKE EXECUTE ON FUNCTION account_of_provider_connection(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION account_of_provider_connection(uuid) TO waxwing_app;

-- What was taken already, by a keyed hash of the provider's event id: a webhook that comes again stores nothing.
CREATE TABLE provider_events (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid NOT NULL,
  PRIMARY KEY (account_id, id)
);
CALL fence('provider_events', 'SELECT, INSERT');
