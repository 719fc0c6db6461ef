-- Emergency access: who reached beyond their role, why, for how long, what the review said. And alerts that reach people.

CREATE TABLE emergency_settings (
  account_id uuid PRIMARY KEY REFERENCES accounts,
  openers text[] NOT NULL, -- roles; none: nobody may open it
  max_minutes integer NOT NULL DEFAULT 240 CHECK (max_minutes BETWEEN 15 AND 240)
);
CALL fence('emergency_settings', 'SELECT, INSERT, UPDATE');

CREATE TABLE emergency_accesses (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES sessions (id),
  user_id uuid NOT NULL,
  category text NOT NULL,
  -- The reason in words may name a patient: under the account's key.
  reason_sealed bytea NOT NULL,
  permissions text[] NOT NULL,
  opened_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  ended_at timestamptz,
  ended_by text,
  remind_at timestamptz NOT NULL,
  reviewed_at timestamptz,
  reviewed_by uuid,
  outcome_of_review text,
  note_sealed bytea,
  FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, id),
  FOREIGN KEY (account_id, reviewed_by) REFERENCES users (account_id, id)
);
CREATE UNIQUE INDEX ON emergency_accesses (session_id) WHERE ended_at IS NULL;
CREATE INDEX ON emergency_accesses (account_id, opened_at DESC, id DESC);
CREATE INDEX ON emergency_accesses (account_id, remind_at) WHERE reviewed_at IS NULL;
CALL fence('emergency_accesses', 'SELECT, INSERT');
-- Who, why and for how long is never changed.
GRANT UPDATE (ended_at, ended_by, remind_at, reviewed_at, reviewed_by, outcome_of_review, note_sealed)
  ON emergency_accesses TO waxwing_app;
-- Which accounts have one to end or to remind of; not what was said.
GRANT SELECT (account_id, ended_at, remind_at, reviewed_at) ON emergency_accesses TO waxwing_worker;
CREATE POLICY every_account ON emergency_accesses FOR SELECT TO waxwing_worker USING (true);

-- Asked by the gate before an account is known, with the session that it has found. Whoever asks looks at the time.
CREATE FUNCTION emergency_access_of(session uuid)
  RETURNS TABLE (emergency_id uuid, ends_at timestamptz, permissions text[])
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT e.id, e.ends_at, e.permissions FROM emergency_accesses e WHERE e.session_id = session AND e.ended_at IS NULL $$;
REVOKE EXECUTE ON FUNCTION emergency_access_of(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION emergency_access_of(uuid) TO waxwing_app;

ALTER TABLE alerts
  ADD COLUMN acknowledged_at timestamptz,
  -- Null beside a time: a program did, by an API key, or an installation link's holder.
  ADD COLUMN acknowledged_by uuid,
  ADD FOREIGN KEY (account_id, acknowledged_by) REFERENCES users (account_id, id);
GRANT UPDATE (acknowledged_at, acknowledged_by) ON alerts TO waxwing_app;

CREATE TABLE alert_settings (
  account_id uuid PRIMARY KEY REFERENCES accounts,
  -- Null: alerts show in the console only.
  from_sealed bytea,
  max_per_hour integer NOT NULL DEFAULT 10 CHECK (max_per_hour BETWEEN 1 AND 100)
);
CALL fence('alert_settings', 'SELECT, INSERT, UPDATE');

-- Alerts of which nobody has yet asked whom to tell.
CREATE TABLE alerts_waiting (
  account_id uuid NOT NULL REFERENCES accounts,
  alert_id uuid PRIMARY KEY REFERENCES alerts (id)
);
CALL fence('alerts_waiting', 'SELECT, INSERT, DELETE');
GRANT SELECT ON alerts_waiting TO waxwing_worker;
CREATE POLICY every_account ON alerts_waiting FOR SELECT TO waxwing_worker USING (true);

-- One mail to one person, of one alert or a summary of several. Accepted for sending exactly once, by its id.
CREATE TABLE alert_mails (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL,
  is_summary boolean NOT NULL,
  planned_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  tries integer NOT NULL DEFAULT 0,
  accepted_at timestamptz,
  given_up_at timestamptz,
  last_problem text,
  UNIQUE (account_id, id),
  FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, id)
);
CREATE INDEX ON alert_mails (account_id, user_id, planned_at);
CREATE INDEX ON alert_mails (due_at) WHERE accepted_at IS NULL AND given_up_at IS NULL;
CALL fence('alert_mails', 'SELECT, INSERT, UPDATE');
GRANT SELECT (account_id, due_at, accepted_at, given_up_at) ON alert_mails TO waxwing_worker;
CREATE POLICY every_account ON alert_mails FOR SELECT TO waxwing_worker USING (true);

-- Whom an alert is to reach, and in which mail. Without one: held until the hour has room.
CREATE TABLE alert_notices (
  account_id uuid NOT NULL REFERENCES accounts,
  alert_id uuid NOT NULL REFERENCES alerts (id),
  user_id uuid NOT NULL,
  mail_id uuid,
  PRIMARY KEY (account_id, alert_id, user_id),
  FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, id),
  FOREIGN KEY (account_id, mail_id) REFERENCES alert_mails (account_id, id)
);
CREATE INDEX ON alert_notices (mail_id);
CREATE INDEX ON alert_notices (account_id) WHERE mail_id IS NULL;
CALL fence('alert_notices', 'SELECT, INSERT, UPDATE, DELETE');
GRANT SELECT (account_id, mail_id) ON alert_notices TO waxwing_worker;
CREATE POLICY every_account ON alert_notices FOR SELECT TO waxwing_worker USING (true);
