-- Messages, their recipients and the queue. Content, subjects, addresses and links are sealed before they come here:
-- *_sealed columns hold AES-256-GCM ciphertext, *_index columns a keyed hash by which equal values can be found.

-- The values that reports group by, each once per account, so that rows carry small numbers instead of names.
CREATE TABLE dimensions (
  account_id uuid NOT NULL REFERENCES accounts,
  id bigint GENERATED ALWAYS AS IDENTITY,
  kind text NOT NULL CHECK (kind IN ('campaign', 'sender', 'domain', 'link', 'link-set')),
  value_index bytea NOT NULL,
  value_sealed bytea NOT NULL,
  PRIMARY KEY (account_id, id),
  UNIQUE (account_id, kind, value_index)
);
CALL fence('dimensions', 'SELECT, INSERT');

CREATE TABLE messages (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  accepted_at timestamptz NOT NULL,
  submitted_by text NOT NULL CHECK (submitted_by IN ('rest', 'smtp')),
  campaign_id bigint NOT NULL DEFAULT 0, -- 0: no campaign
  sender_id bigint NOT NULL,
  link_set_id bigint NOT NULL DEFAULT 0, -- 0: no tracked link
  link_count integer NOT NULL DEFAULT 0,
  recipient_count integer NOT NULL,
  size_bytes integer NOT NULL,
  header_sealed bytea NOT NULL,  -- JSON: subject, from, envelope sender, tags; sealed under the message's key
  links_sealed bytea,            -- JSON: destination URLs by index
  erased_at timestamptz
);
CREATE INDEX ON messages (account_id, accepted_at DESC, id DESC);
CREATE INDEX ON messages (account_id, campaign_id, accepted_at DESC, id DESC);
CALL fence('messages', 'SELECT, INSERT, UPDATE');

-- A message's own data key, wrapped by the account's. Deleting the row makes every copy of the content unreadable.
CREATE TABLE message_keys (
  account_id uuid NOT NULL,
  message_id uuid PRIMARY KEY REFERENCES messages,
  key_sealed bytea NOT NULL
);
CALL fence('message_keys', 'SELECT, INSERT, DELETE');

CREATE TABLE message_contents (
  account_id uuid NOT NULL,
  message_id uuid PRIMARY KEY REFERENCES messages,
  content_sealed bytea NOT NULL, -- the submitted MIME
  plan_sealed bytea NOT NULL     -- where each recipient's links and pixel go
);
ALTER TABLE message_contents ALTER content_sealed SET STORAGE EXTERNAL, ALTER plan_sealed SET STORAGE EXTERNAL;
CALL fence('message_contents', 'SELECT, INSERT, DELETE');

CREATE TABLE recipients (
  account_id uuid NOT NULL,
  id uuid PRIMARY KEY,
  message_id uuid NOT NULL REFERENCES messages,
  position integer NOT NULL,
  address_sealed bytea NOT NULL, -- under the message's key
  address_index bytea NOT NULL,
  handle bytea NOT NULL,         -- random; every tracking token of this recipient begins with it
  tracking_level text NOT NULL CHECK (tracking_level IN ('off', 'anonymous', 'identified')),
  track_opens boolean NOT NULL,
  track_clicks boolean NOT NULL
);
CREATE INDEX ON recipients (message_id, position);
CREATE INDEX ON recipients (handle);
CALL fence('recipients', 'SELECT, INSERT');

-- A damaged token still begins with its recipient's handle. The drain asks whose it is before it knows the account.
CREATE FUNCTION recipients_of_handles(handles bytea[]) RETURNS TABLE (handle bytea, account_id uuid, message_id uuid, recipient_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$ SELECT r.handle, r.account_id, r.message_id, r.id FROM recipients r WHERE r.handle = ANY (handles) $$;

CREATE TABLE idempotency_keys (
  account_id uuid NOT NULL REFERENCES accounts,
  key_index bytea NOT NULL,
  body_hash bytea NOT NULL,
  response_sealed bytea NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, key_index)
);
CALL fence('idempotency_keys', 'SELECT, INSERT');

CREATE TABLE tracking_consents (
  account_id uuid NOT NULL REFERENCES accounts,
  address_index bytea NOT NULL,
  address_sealed bytea NOT NULL,
  level text NOT NULL CHECK (level IN ('off', 'anonymous', 'identified')),
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, address_index)
);
CALL fence('tracking_consents', 'SELECT, INSERT, UPDATE');

-- The queue: one row per recipient still to be delivered. Ids only; a finished row is deleted.
CREATE TABLE deliveries (
  account_id uuid NOT NULL REFERENCES accounts,
  recipient_id uuid PRIMARY KEY,
  message_id uuid NOT NULL,
  domain_id bigint NOT NULL,
  priority smallint NOT NULL DEFAULT 1,  -- 0 before 1
  attempts integer NOT NULL DEFAULT 0,
  queued_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,           -- while a worker holds it: when its lease ends
  held_because text
) WITH (fillfactor = 70);
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE held_because IS NULL;
CALL fence('deliveries', 'SELECT, INSERT, UPDATE, DELETE');
GRANT SELECT, UPDATE ON deliveries TO waxwing_worker;
CREATE POLICY every_account ON deliveries TO waxwing_worker USING (true);

CREATE TABLE delivery_attempts (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  message_id uuid NOT NULL,
  recipient_id uuid NOT NULL,
  at timestamptz NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('delivered', 'deferred', 'bounced')),
  why text NOT NULL,        -- a code of ours, no reply text
  reply_code integer,
  host text,                -- the next hop
  tls text,                 -- protocol version, null in clear text
  reply_sealed bytea        -- the remote's words echo addresses
);
CREATE INDEX ON delivery_attempts (recipient_id, at);
CALL fence('delivery_attempts', 'SELECT, INSERT');
