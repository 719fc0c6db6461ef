-- Wrapping keys of accounts that follow the first, their rotations, and when backups were made.

CREATE TABLE account_keys (
  account_id uuid NOT NULL REFERENCES accounts,
  version integer NOT NULL CHECK (version BETWEEN 2 AND 65535), -- 1 is derived from the account's own key
  sealed_key bytea NOT NULL,
  created_at timestamptz NOT NULL,
  in_force_at timestamptz NOT NULL, -- every process has heard of it by then
  PRIMARY KEY (account_id, version)
);
CALL fence('account_keys', 'SELECT, INSERT');

-- A rotation of the key file's newest line seals these anew; nothing else of them changes.
GRANT UPDATE (sealed_key) ON account_keys TO waxwing_app;

CREATE TABLE key_rotations (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  version integer NOT NULL,
  started_at timestamptz NOT NULL,
  total bigint NOT NULL,              -- messages that had a key when it began
  rewrapped bigint NOT NULL DEFAULT 0,
  -- How far the pass of the moment has come, oldest message first; null: at its beginning.
  reached_at timestamptz,
  reached_id uuid,
  rewrapped_in_pass bigint NOT NULL DEFAULT 0,
  done_at timestamptz
);
CREATE UNIQUE INDEX ON key_rotations (account_id) WHERE done_at IS NULL;
CALL fence('key_rotations', 'SELECT, INSERT, UPDATE');
GRANT SELECT ON key_rotations TO waxwing_worker;
CREATE POLICY every_account ON key_rotations FOR SELECT TO waxwing_worker USING (true);

GRANT UPDATE (key_sealed) ON message_keys TO waxwing_app;

-- One row a backup, written before its snapshot: a certificate of erasure asks whether copies of keys may exist.
CREATE TABLE backups (
  id uuid PRIMARY KEY,
  started_at timestamptz NOT NULL,
  finished_at timestamptz
);
GRANT SELECT ON backups TO waxwing_app, waxwing_worker;

-- The log of erasures beside the backups is written from all accounts' certificates: ids, counts and a signature.
GRANT SELECT ON erasures TO waxwing_worker;
CREATE POLICY every_account ON erasures FOR SELECT TO waxwing_worker USING (true);
