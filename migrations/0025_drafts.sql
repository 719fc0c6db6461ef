-- What somebody was typing when their session ended, and what is known of backups: kinds, sizes, checks, wishes, a plan.

CREATE TABLE drafts (
  account_id uuid NOT NULL,
  user_id uuid NOT NULL,
  form text NOT NULL CHECK (form ~ '^[a-z][a-z0-9-]{0,63}$'),
  -- Under the account's key.
  body_sealed bytea NOT NULL,
  saved_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, user_id, form),
  FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, id)
);
CREATE INDEX ON drafts (account_id, expires_at);
CALL fence('drafts', 'SELECT, INSERT, UPDATE, DELETE');

ALTER TABLE backups
  -- The full one that it leans on; itself where it is one. Null: made before there were increments.
  ADD COLUMN full_id uuid,
  ADD COLUMN size_bytes bigint,
  ADD COLUMN row_count bigint,
  -- When every file of its chain was last read again, and which did not fit.
  ADD COLUMN checked_at timestamptz,
  ADD COLUMN fault text,
  ADD COLUMN removed_at timestamptz;
GRANT SELECT ON backups TO waxwing_reader;
-- Whoever cares for the folder notes what lies in it.
GRANT INSERT, UPDATE ON backups TO waxwing_worker;

-- Backups and checks that somebody asked for. The account is the one that runs the installation.
CREATE TABLE backup_requests (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  what text NOT NULL CHECK (what IN ('backup', 'full_backup', 'check')),
  asked_at timestamptz NOT NULL,
  started_at timestamptz,
  ended_at timestamptz,
  backup_id uuid,
  fault text
);
CREATE UNIQUE INDEX ON backup_requests (account_id) WHERE ended_at IS NULL;
CREATE INDEX ON backup_requests (account_id, asked_at DESC);
CALL fence('backup_requests', 'SELECT, INSERT, UPDATE');

CREATE TABLE backup_plans (
  account_id uuid PRIMARY KEY REFERENCES accounts,
  -- Null: none by itself.
  every_hours integer CHECK (every_hours BETWEEN 1 AND 168),
  -- Chains whose newest backup is older go; null: none goes.
  keep_days integer CHECK (keep_days BETWEEN 7 AND 3650),
  -- A process that can make backups has looked at the plan.
  looked_at timestamptz
);
CALL fence('backup_plans', 'SELECT, INSERT, UPDATE');
