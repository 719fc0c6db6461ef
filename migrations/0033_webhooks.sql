-- Webhooks: what customers' programs are told of, numbered by account, and where each of their endpoints has come to.

-- Which events somebody waits to be told of, by account. No row: nobody, and nothing is written for them.
CREATE TABLE event_wishes (
  account_id uuid PRIMARY KEY REFERENCES accounts,
  types text[] NOT NULL
);
CALL fence('event_wishes', 'SELECT, INSERT, UPDATE, DELETE');

-- Whether anybody waits for one of these, in the account of the transaction.
CREATE FUNCTION wants_events(wanted text[]) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp
AS $$ SELECT EXISTS (SELECT FROM event_wishes w WHERE w.account_id = current_account() AND w.types && wanted) $$;

-- What was recorded and is not numbered yet: one row a transaction, written by it, with its events side by side. Ids and
-- kinds only. A row is visible when its events are, however late they commit; numbering reads and deletes it.
CREATE TABLE event_feed (
  account_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  events jsonb NOT NULL,
  PRIMARY KEY (account_id, id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CALL fence('event_feed', 'SELECT, INSERT, DELETE');
GRANT SELECT (account_id) ON event_feed TO waxwing_worker;
CREATE POLICY every_account ON event_feed FOR SELECT TO waxwing_worker USING (true);

-- The last number given in an account: whoever numbers holds this row.
CREATE TABLE webhook_feeds (
  account_id uuid PRIMARY KEY REFERENCES accounts,
  last_number bigint NOT NULL DEFAULT 0
);
CALL fence('webhook_feeds', 'SELECT, INSERT, UPDATE');

-- The account's events in one order, once for all its endpoints. Kept 30 days.
CREATE TABLE webhook_events (
  account_id uuid NOT NULL REFERENCES accounts,
  number bigint NOT NULL,
  event_id uuid NOT NULL,
  type text NOT NULL,
  occurred_at timestamptz NOT NULL,
  numbered_at timestamptz NOT NULL,
  message_id uuid NOT NULL,
  recipient_id uuid,
  department_id uuid,
  link_index integer,
  verdict text,
  strength text,
  actor text,
  PRIMARY KEY (account_id, number)
);
CREATE INDEX ON webhook_events (account_id, numbered_at);
CALL fence('webhook_events', 'SELECT, INSERT, DELETE');

CREATE TABLE webhook_endpoints (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  description text NOT NULL,
  url_sealed bytea NOT NULL,
  secret_sealed bytea NOT NULL,
  -- Signs beside the other until then.
  earlier_secret_sealed bytea,
  earlier_secret_ends_at timestamptz,
  event_types text[] NOT NULL,
  department_id uuid, -- null: the whole account
  is_enabled boolean NOT NULL DEFAULT true,
  disabled_at timestamptz,
  disabled_because text,
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  deleted_at timestamptz,
  seen_number bigint NOT NULL,             -- of the account's events it has come to
  last_sequence bigint NOT NULL DEFAULT 0, -- the last number given at this endpoint
  failures integer NOT NULL DEFAULT 0,     -- in a row
  failing_since timestamptz,
  next_at timestamptz,                     -- when to look at it; null: there is nothing to do
  paused_until timestamptz,                -- it is left alone until then, whatever comes
  lease uuid,                              -- of the process that works on it
  leased_until timestamptz,
  UNIQUE (account_id, id),
  FOREIGN KEY (account_id, department_id) REFERENCES departments (account_id, id)
) WITH (fillfactor = 70);
CREATE INDEX ON webhook_endpoints (account_id, created_at);
CREATE INDEX ON webhook_endpoints (next_at) WHERE next_at IS NOT NULL;
CALL fence('webhook_endpoints', 'SELECT, INSERT, UPDATE');
-- Which are due and who works on them; not where they lead.
GRANT SELECT (account_id, id, next_at, leased_until), UPDATE (lease, leased_until) ON webhook_endpoints TO waxwing_worker;
CREATE POLICY every_account ON webhook_endpoints TO waxwing_worker USING (true);

-- What an endpoint is to get, under its own number. Kept 30 days after it was made.
CREATE TABLE webhook_messages (
  account_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  sequence bigint NOT NULL,
  event_id uuid NOT NULL,
  type text NOT NULL,
  data jsonb NOT NULL, -- what is told beside type and time: ids and kinds
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'given_up')),
  is_replay boolean NOT NULL DEFAULT false,
  occurred_at timestamptz NOT NULL,
  made_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  tries integer NOT NULL DEFAULT 0,
  first_tried_at timestamptz,
  PRIMARY KEY (account_id, endpoint_id, sequence),
  FOREIGN KEY (account_id, endpoint_id) REFERENCES webhook_endpoints (account_id, id)
) WITH (fillfactor = 70);
CREATE INDEX ON webhook_messages (endpoint_id, is_replay, sequence) WHERE state = 'waiting';
CREATE INDEX ON webhook_messages (account_id, endpoint_id, occurred_at);
CREATE INDEX ON webhook_messages (account_id, made_at);
CALL fence('webhook_messages', 'SELECT, INSERT, UPDATE, DELETE');

-- What came of each try: never what was answered beyond its status. Kept 30 days.
CREATE TABLE webhook_attempts (
  account_id uuid NOT NULL,
  id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  sequence bigint NOT NULL,
  at timestamptz NOT NULL,
  outcome text NOT NULL,
  status integer, -- null: nothing was answered
  duration_ms integer NOT NULL,
  PRIMARY KEY (account_id, id)
);
CREATE INDEX ON webhook_attempts (account_id, endpoint_id, sequence, at);
CREATE INDEX ON webhook_attempts (account_id, at);
CALL fence('webhook_attempts', 'SELECT, INSERT, DELETE');

REVOKE EXECUTE ON FUNCTION wants_events(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wants_events(text[]) TO waxwing_app;
