-- Events, the verdicts beside them, each recipient's state and the roll-ups that reports read. Written by the events
-- area alone. Events are partitioned by month, so that retention is dropping a partition.

CREATE TABLE events (
  account_id uuid NOT NULL,
  id uuid NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  type text NOT NULL,
  message_id uuid NOT NULL,
  recipient_id uuid,
  link_index integer,
  source_key bytea,      -- keyed hash of address and agent, for rules over many recipients
  detail_sealed bytea,   -- JSON: of a hit its request and derived evidence, of a delivery its host and reply
  PRIMARY KEY (occurred_at, id)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX ON events (message_id, occurred_at, id);
CREATE INDEX ON events (recipient_id, occurred_at) WHERE type IN ('opened', 'clicked');
CREATE INDEX ON events (account_id, source_key, occurred_at) WHERE source_key IS NOT NULL;
CALL fence('events', 'SELECT, INSERT');

-- The opinion on a hit. It may be revised; each revision leaves a row in verdict_changes.
CREATE TABLE verdicts (
  account_id uuid NOT NULL,
  event_id uuid NOT NULL,
  occurred_at timestamptz NOT NULL,
  verdict text NOT NULL CHECK (verdict IN ('human', 'automated')),
  strength text NOT NULL CHECK (strength IN ('certain', 'probable', 'suspected')),
  actor text NOT NULL,
  unknowable boolean NOT NULL,
  reasons jsonb NOT NULL,
  ruleset text NOT NULL,
  judged_at timestamptz NOT NULL,
  settles_at timestamptz NOT NULL,
  PRIMARY KEY (occurred_at, event_id)
) PARTITION BY RANGE (occurred_at);
CALL fence('verdicts', 'SELECT, INSERT, UPDATE');

CREATE TABLE verdict_changes (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  event_id uuid NOT NULL,
  occurred_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  was jsonb NOT NULL,
  became jsonb NOT NULL
);
CREATE INDEX ON verdict_changes (account_id, event_id);
CALL fence('verdict_changes', 'SELECT, INSERT');

-- Creates the monthly partitions from one month before the given day to some months after it. Run ahead of time.
CREATE FUNCTION ensure_event_partitions(around date, months_ahead integer) RETURNS void LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = public AS $$
DECLARE
  first_day date; parent text; partition_name text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('waxwing.event_partitions'));
  FOR first_day IN SELECT generate_series(date_trunc('month', around) - interval '1 month',
                                          date_trunc('month', around) + make_interval(months => months_ahead), interval '1 month')::date LOOP
    FOREACH parent IN ARRAY ARRAY['events', 'verdicts'] LOOP
      partition_name := parent || '_' || to_char(first_day, 'YYYY_MM');
      IF to_regclass(partition_name) IS NULL THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', partition_name, parent,
                       first_day::timestamp AT TIME ZONE 'UTC', (first_day + interval '1 month')::timestamp AT TIME ZONE 'UTC');
      END IF;
    END LOOP;
  END LOOP;
END $$;
CREATE TABLE events_default PARTITION OF events DEFAULT;
CREATE TABLE verdicts_default PARTITION OF verdicts DEFAULT;
SELECT ensure_event_partitions(current_date, 3);

-- Where a recipient stands. opens and clicks are masks of the kinds of hit seen, so that every view is a choice at
-- reading time: 1 human, 2 human but suspected, 4 automated probably, 8 automated certainly.
CREATE TABLE recipient_states (
  account_id uuid NOT NULL,
  recipient_id uuid PRIMARY KEY,
  message_id uuid NOT NULL,
  accepted_at timestamptz NOT NULL,
  accepted_day date NOT NULL, -- in the account's time zone when it was accepted
  campaign_id bigint NOT NULL,
  sender_id bigint NOT NULL,
  domain_id bigint NOT NULL,
  link_set_id bigint NOT NULL,
  status text NOT NULL CHECK (status IN ('queued', 'deferred', 'delivered', 'bounced', 'dropped')),
  opens smallint NOT NULL DEFAULT 0 CHECK (opens BETWEEN 0 AND 15),
  clicks smallint NOT NULL DEFAULT 0 CHECK (clicks BETWEEN 0 AND 15),
  hit_count integer NOT NULL DEFAULT 0,
  delivered_at timestamptz,
  delivered_via text CHECK (delivered_via IN ('mx', 'relay')),
  delivered_by text,          -- the host whose 250 took the message
  gateway_mx text,
  gateway_mx_source text CHECK (gateway_mx_source IN ('delivery', 'dns'))
) WITH (fillfactor = 80);
CREATE INDEX ON recipient_states (message_id);
CREATE INDEX ON recipient_states (account_id, campaign_id, accepted_at);
CREATE INDEX ON recipient_states (account_id, accepted_at);
CALL fence('recipient_states', 'SELECT, INSERT, UPDATE');

CREATE TABLE link_states (
  account_id uuid NOT NULL,
  recipient_id uuid NOT NULL,
  link_id bigint NOT NULL,
  accepted_at timestamptz NOT NULL,
  campaign_id bigint NOT NULL,
  clicks smallint NOT NULL CHECK (clicks BETWEEN 0 AND 15),
  PRIMARY KEY (recipient_id, link_id)
);
CREATE INDEX ON link_states (account_id, accepted_at);
CALL fence('link_states', 'SELECT, INSERT, UPDATE');

-- Roll-ups: how many recipients (grains sender, domain, link-set), recipients who clicked a link (grain link), events
-- in an hour (grain hour, key_id = hours since 1970) or anonymous events (grain anonymous) share the same cell.
-- Writers only append deltas, so that no two of them wait for one row; a fold adds them up. Reports read both.
CREATE TABLE rollups (
  account_id uuid NOT NULL,
  grain text NOT NULL,
  day date NOT NULL,
  campaign_id bigint NOT NULL,
  key_id bigint NOT NULL,
  status text NOT NULL,
  opens smallint NOT NULL,
  clicks smallint NOT NULL,
  n bigint NOT NULL,
  PRIMARY KEY (account_id, grain, campaign_id, day, key_id, status, opens, clicks)
) WITH (fillfactor = 80);
CREATE INDEX ON rollups (account_id, grain, day);
CALL fence('rollups', 'SELECT');

CREATE TABLE rollup_deltas (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id uuid NOT NULL,
  grain text NOT NULL,
  day date NOT NULL,
  campaign_id bigint NOT NULL,
  key_id bigint NOT NULL,
  status text NOT NULL,
  opens smallint NOT NULL,
  clicks smallint NOT NULL,
  n bigint NOT NULL
);
CREATE INDEX ON rollup_deltas (account_id, grain);
CALL fence('rollup_deltas', 'SELECT, INSERT');

GRANT SELECT, INSERT, UPDATE, DELETE ON rollups TO waxwing_worker;
GRANT SELECT, DELETE ON rollup_deltas TO waxwing_worker;
CREATE POLICY every_account ON rollups TO waxwing_worker USING (true) WITH CHECK (true);
CREATE POLICY every_account ON rollup_deltas TO waxwing_worker USING (true);

-- How far each edge's journal has been read. Moves in the transaction that stores the hits: exactly once.
CREATE TABLE journal_positions (
  journal_id uuid PRIMARY KEY,
  segment bigint NOT NULL,
  offset_bytes bigint NOT NULL,
  updated_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON journal_positions TO waxwing_worker;
