-- Legal holds, how long messages are kept, and the tidying of what only grows.

-- Never deleted; once placed nothing of it changes but its release. Why, whose and what it is called may name people: sealed.
CREATE TABLE legal_holds (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  details_sealed bytea NOT NULL,  -- JSON: name, reason, matter; the campaign's name or the address
  scope text NOT NULL CHECK (scope IN ('message', 'campaign', 'recipient', 'department', 'period', 'account')),
  message_id uuid,
  campaign_id bigint,             -- the number of the campaign in the account
  address_index bytea,
  department_id uuid,
  department_ids uuid[],          -- it and all below it when it was placed: moving a department away frees nothing
  since timestamptz NOT NULL DEFAULT '-infinity', -- of mail accepted from then on; of one message: when it was accepted
  until timestamptz NOT NULL DEFAULT 'infinity',  -- and before then
  placed_at timestamptz NOT NULL,
  placed_by_kind text NOT NULL,
  placed_by_id text NOT NULL,
  released_at timestamptz,
  released_by_kind text,
  released_by_id text,
  release_sealed bytea,           -- the reason
  CHECK ((scope = 'message') = (message_id IS NOT NULL)),
  CHECK ((scope = 'campaign') = (campaign_id IS NOT NULL)),
  CHECK ((scope = 'recipient') = (address_index IS NOT NULL)),
  CHECK ((scope = 'department') = (department_id IS NOT NULL AND department_ids IS NOT NULL)),
  CHECK (scope <> 'period' OR isfinite(since) OR isfinite(until)),
  CHECK ((released_at IS NULL) = (release_sealed IS NULL))
);
CREATE INDEX ON legal_holds (account_id, placed_at DESC, id DESC);
CREATE INDEX ON legal_holds (account_id) WHERE released_at IS NULL;
CALL fence('legal_holds', 'SELECT, INSERT');
GRANT UPDATE (released_at, released_by_kind, released_by_id, release_sealed) ON legal_holds TO waxwing_app;
CREATE POLICY release_once ON legal_holds AS RESTRICTIVE FOR UPDATE TO waxwing_app
  USING (released_at IS NULL) WITH CHECK (released_at IS NOT NULL);

CREATE INDEX recipients_by_address ON recipients (address_index);
-- What is not erased yet, oldest first: a run of retention begins where the last one ended.
CREATE INDEX messages_kept ON messages (account_id, accepted_at, id) WHERE erased_at IS NULL;

-- Which hold covers which message, asked anew each time, so that mail which comes later is covered as well. One branch for
-- each scope: each finds its messages, or the holds of one message, by an index.
CREATE VIEW held_messages WITH (security_invoker = true) AS
  SELECT h.account_id, h.id AS hold_id, m.id AS message_id, m.accepted_at
    FROM legal_holds h JOIN messages m ON m.account_id = h.account_id AND m.id = h.message_id
   WHERE h.released_at IS NULL AND m.erased_at IS NULL
  UNION ALL
  SELECT h.account_id, h.id, m.id, m.accepted_at
    FROM legal_holds h
   CROSS JOIN LATERAL (
      -- A campaign has a number for each department that sends it.
      SELECT h.campaign_id AS id UNION
      SELECT d.id FROM dimensions d WHERE d.account_id = h.account_id AND d.department_id IS NOT NULL AND d.base_id = h.campaign_id
    ) AS campaign
    JOIN messages m ON m.account_id = h.account_id AND m.campaign_id = campaign.id
     AND m.accepted_at >= h.since AND m.accepted_at < h.until
   WHERE h.released_at IS NULL AND m.erased_at IS NULL AND h.scope = 'campaign'
  UNION ALL
  SELECT h.account_id, h.id, m.id, m.accepted_at
    FROM legal_holds h
   CROSS JOIN LATERAL (
      SELECT DISTINCT r.message_id FROM recipients r
       WHERE r.account_id = h.account_id AND r.address_index = h.address_index
    ) AS addressed
    JOIN messages m ON m.account_id = h.account_id AND m.id = addressed.message_id
     AND m.accepted_at >= h.since AND m.accepted_at < h.until
   WHERE h.released_at IS NULL AND m.erased_at IS NULL AND h.scope = 'recipient'
  UNION ALL
  SELECT h.account_id, h.id, m.id, m.accepted_at
    FROM legal_holds h
   CROSS JOIN LATERAL (
      SELECT h.department_ids || departments_below(h.account_id, h.department_id) AS ids OFFSET 0
    ) AS departments
    JOIN messages m ON m.account_id = h.account_id AND m.department_id = ANY (departments.ids)
     AND m.accepted_at >= h.since AND m.accepted_at < h.until
   WHERE h.released_at IS NULL AND m.erased_at IS NULL AND h.scope = 'department'
  UNION ALL
  SELECT h.account_id, h.id, m.id, m.accepted_at
    FROM legal_holds h
    JOIN messages m ON m.account_id = h.account_id
     AND m.accepted_at >= h.since AND m.accepted_at < h.until
   WHERE h.released_at IS NULL AND m.erased_at IS NULL AND h.scope IN ('period', 'account');
GRANT SELECT ON held_messages TO waxwing_app, waxwing_reader;

-- How long an account keeps its messages. No row, or null: for good.
CREATE TABLE retention_policies (
  account_id uuid PRIMARY KEY REFERENCES accounts,
  message_days integer CHECK (message_days BETWEEN 1 AND 36500), -- then a message is erased
  event_days integer CHECK (event_days BETWEEN 1 AND 36500),     -- then its months of events may go
  minimum_days integer CHECK (minimum_days BETWEEN 1 AND 36500), -- nobody erases a message before
  hour smallint NOT NULL DEFAULT 3 CHECK (hour BETWEEN 0 AND 23), -- in the account's time zone
  revision integer NOT NULL DEFAULT 1,
  changed_at timestamptz NOT NULL,
  next_run_at timestamptz,
  CHECK ((message_days IS NULL) = (next_run_at IS NULL)),
  CHECK (minimum_days IS NULL OR message_days IS NULL OR message_days >= minimum_days),
  CHECK (minimum_days IS NULL OR event_days IS NULL OR event_days >= minimum_days)
);
CALL fence('retention_policies', 'SELECT, INSERT, UPDATE');
-- When the next run of whom is due.
GRANT SELECT ON retention_policies TO waxwing_worker;
CREATE POLICY every_account ON retention_policies FOR SELECT TO waxwing_worker USING (true);

CREATE TABLE retention_runs (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  started_at timestamptz NOT NULL,
  revision integer NOT NULL,      -- of the policy that it follows; another one ends it
  before timestamptz NOT NULL,    -- erases what was accepted before then
  expected bigint NOT NULL,
  erased bigint NOT NULL DEFAULT 0,
  kept_by_holds bigint,
  runner uuid NOT NULL,
  lease_until timestamptz NOT NULL,
  ended_at timestamptz,
  ended_how text CHECK (ended_how IN ('done', 'stopped')),
  CHECK ((ended_at IS NULL) = (ended_how IS NULL))
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX ON retention_runs (account_id) WHERE ended_at IS NULL;
CREATE INDEX ON retention_runs (account_id, started_at DESC);
CALL fence('retention_runs', 'SELECT, INSERT, UPDATE');
-- Any worker takes up a run that nobody holds.
GRANT SELECT ON retention_runs TO waxwing_worker;
CREATE POLICY every_account ON retention_runs FOR SELECT TO waxwing_worker USING (true);

-- Who destroys what a hold may cover takes this lock shared before he looks for holds; who places one takes it alone.
CREATE FUNCTION lock_holds_shared() RETURNS void LANGUAGE sql SET search_path = public, pg_temp
AS $$ SELECT pg_advisory_xact_lock_shared(hashtext('waxwing.holds')) $$;

-- As before, but for the days from which hits on held mail may be: their keys stay until the hold is released.
CREATE OR REPLACE FUNCTION destroy_request_keys(today date) RETURNS TABLE (of_account uuid, days integer) LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE request_keys k SET keep_days = s.keep_request_days FROM account_settings s
   WHERE s.account_id = k.account_id AND s.keep_request_days IS NOT NULL
     AND (k.keep_days IS NULL OR k.keep_days > s.keep_request_days);
  PERFORM lock_holds_shared();
  RETURN QUERY
    WITH gone AS (
      DELETE FROM request_keys k
       WHERE (k.keep_days = 0 OR k.day + k.keep_days < today)
         AND NOT EXISTS (SELECT FROM legal_holds h WHERE h.account_id = k.account_id AND h.released_at IS NULL
                            AND (h.since AT TIME ZONE 'UTC')::date <= k.day)
      RETURNING k.account_id)
    SELECT gone.account_id, count(*)::integer FROM gone GROUP BY gone.account_id;
END $$;

-- Tidying: what each task of it did, and how far it is behind. Of no account.
CREATE TABLE housekeeping (
  task text PRIMARY KEY,
  looked_at timestamptz NOT NULL,
  removed bigint NOT NULL DEFAULT 0,
  behind_since timestamptz,      -- since then there is more to remove than a turn manages
  removed_before timestamptz     -- of events: months up to then are gone
);
GRANT SELECT, INSERT, UPDATE ON housekeeping TO waxwing_worker;

CREATE INDEX ON sessions (expires_at);
CREATE INDEX ON emergency_accesses (session_id);
CREATE INDEX ON sign_in_links (expires_at);
CREATE INDEX ON invitations (expires_at);
CREATE INDEX ON used_challenges (expires_at);
CREATE INDEX ON sso_used_states (expires_at);
CREATE INDEX ON idempotency_keys (created_at);

-- The least id (version 7) that can have been given at a moment.
CREATE FUNCTION first_id_of(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE
  RETURN (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;

-- Removes at most so many rows of one table that are older than asked, by an index, passing over rows that somebody holds.
-- A function, so that no role of the program may delete from these tables otherwise. Gives how many went.
CREATE FUNCTION prune_table(what text, older_than timestamptz, most integer) RETURNS integer LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  removed integer;
  month_end timestamptz;
BEGIN
  IF what = 'sessions' THEN
    -- One under which an emergency access was opened is part of that one's report.
    WITH old AS (
      SELECT s.id FROM sessions s WHERE s.expires_at < older_than
         AND NOT EXISTS (SELECT FROM emergency_accesses e WHERE e.session_id = s.id)
       ORDER BY s.expires_at LIMIT most FOR UPDATE SKIP LOCKED
    ), signed_on AS (
      DELETE FROM sso_sessions o USING old WHERE o.session_id = old.id
    )
    DELETE FROM sessions s USING old WHERE s.id = old.id;
  ELSIF what = 'sign_in_links' THEN
    DELETE FROM sign_in_links WHERE token_hash IN (
      SELECT token_hash FROM sign_in_links WHERE expires_at < older_than
       ORDER BY expires_at LIMIT most FOR UPDATE SKIP LOCKED);
  ELSIF what = 'invitations' THEN
    DELETE FROM invitations WHERE token_hash IN (
      SELECT token_hash FROM invitations WHERE expires_at < older_than
       ORDER BY expires_at LIMIT most FOR UPDATE SKIP LOCKED);
  ELSIF what = 'used_challenges' THEN
    DELETE FROM used_challenges WHERE challenge IN (
      SELECT challenge FROM used_challenges WHERE expires_at < older_than
       ORDER BY expires_at LIMIT most FOR UPDATE SKIP LOCKED);
  ELSIF what = 'sso_used_states' THEN
    DELETE FROM sso_used_states u USING (
      SELECT account_id, state FROM sso_used_states WHERE expires_at < older_than
       ORDER BY expires_at LIMIT most FOR UPDATE SKIP LOCKED) AS old
     WHERE u.account_id = old.account_id AND u.state = old.state;
  ELSIF what = 'idempotency_keys' THEN
    DELETE FROM idempotency_keys k USING (
      SELECT account_id, key_index FROM idempotency_keys WHERE created_at < older_than
       ORDER BY created_at LIMIT most FOR UPDATE SKIP LOCKED) AS old
     WHERE k.account_id = old.account_id AND k.key_index = old.key_index;
  ELSIF what = 'rejudgement_examples' THEN
    DELETE FROM rejudgement_examples e USING (
      SELECT run_id, rule, place FROM rejudgement_examples WHERE run_id < first_id_of(older_than)
       ORDER BY run_id LIMIT most FOR UPDATE SKIP LOCKED) AS old
     WHERE e.run_id = old.run_id AND e.rule = old.rule AND e.place = old.place;
  ELSIF what IN ('verdict_changes', 'delivery_attempts') THEN
    -- They go with the events of their month: never before these, nor while a hold may reach them.
    PERFORM lock_holds_shared();
    SELECT h.removed_before INTO month_end FROM housekeeping h WHERE h.task = 'event_months';
    IF month_end IS NULL OR older_than > month_end
       OR EXISTS (SELECT FROM legal_holds h WHERE h.released_at IS NULL AND h.since < older_than) THEN
      RETURN 0;
    END IF;
    IF what = 'verdict_changes' THEN
      DELETE FROM verdict_changes WHERE id IN (
        SELECT id FROM verdict_changes WHERE id < first_id_of(older_than) AND changed_at < older_than
         ORDER BY id LIMIT most FOR UPDATE SKIP LOCKED);
    ELSE
      DELETE FROM delivery_attempts WHERE id IN (
        SELECT id FROM delivery_attempts WHERE id < first_id_of(older_than) AND at < older_than
         ORDER BY id LIMIT most FOR UPDATE SKIP LOCKED);
    END IF;
  ELSE
    RAISE EXCEPTION 'nothing is pruned from %', what;
  END IF;
  GET DIAGNOSTICS removed = ROW_COUNT;
  RETURN removed;
END $$;

-- Drops the oldest month of events and verdicts, if every account that had mail by then lets its events go by then, and no
-- hold reaches that month. Gives the end of the month that went; null: none did, or somebody was reading it just now.
CREATE FUNCTION drop_event_month(now_is timestamptz) RETURNS timestamptz LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
  month text;
  month_end timestamptz;
BEGIN
  SELECT substring(c.relname FROM '^events_(\d{4}_\d{2})$') INTO month FROM pg_class c
   WHERE c.relispartition AND c.relname ~ '^events_\d{4}_\d{2}$' AND c.relnamespace = 'public'::regnamespace
   ORDER BY c.relname LIMIT 1;
  IF month IS NULL THEN RETURN NULL; END IF;
  month_end := (to_date(month, 'YYYY_MM') + interval '1 month')::timestamp AT TIME ZONE 'UTC';
  PERFORM lock_holds_shared();
  IF month_end > now_is
     OR EXISTS (SELECT FROM legal_holds h WHERE h.released_at IS NULL AND h.since < month_end)
     OR NOT EXISTS (SELECT FROM retention_policies p WHERE p.event_days IS NOT NULL)
     OR EXISTS (
       SELECT FROM accounts a LEFT JOIN retention_policies p ON p.account_id = a.account_id
        WHERE (p.event_days IS NULL OR month_end + make_interval(days => p.event_days) > now_is)
          -- Clocks of other providers differ: who has mail of the weeks after may have events of this month.
          AND EXISTS (SELECT FROM messages m WHERE m.account_id = a.account_id AND m.accepted_at < month_end + interval '45 days'))
  THEN RETURN NULL; END IF;
  EXECUTE format('DROP TABLE %I', 'events_' || month);
  EXECUTE format('DROP TABLE IF EXISTS %I', 'verdicts_' || month);
  INSERT INTO housekeeping (task, looked_at, removed, removed_before) VALUES ('event_months', now_is, 1, month_end)
    ON CONFLICT (task) DO UPDATE
      SET looked_at = EXCLUDED.looked_at, removed = housekeeping.removed + 1,
          removed_before = greatest(housekeeping.removed_before, EXCLUDED.removed_before);
  RETURN month_end;
EXCEPTION WHEN lock_not_available THEN
  RETURN NULL;
END $$;

REVOKE EXECUTE ON FUNCTION lock_holds_shared(), first_id_of(timestamptz), prune_table(text, timestamptz, integer),
  drop_event_month(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lock_holds_shared() TO waxwing_app;
GRANT EXECUTE ON FUNCTION prune_table(text, timestamptz, integer), drop_event_month(timestamptz) TO waxwing_worker;
