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
        BEGIN
          EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', partition_name, parent,
                         first_day::timestamp AT TIME ZONE 'UTC', (first_day + interval '1 month')::timestamp AT TIME ZONE 'UTC');
        EXCEPTION WHEN check_violation THEN NULL; -- the default partition holds rows of that month: they stay there
        END;
      END IF;
    END LOOP;
  END LOOP;
END $$;
CREATE TABLE events_default PARTITION OF events DEFAULT;
CREATE TABLE verdicts_default PARTITION OF verdicts DEFAULT;
SELECT ensure_event_partitions(current_date, 3);

-- Where a recipient stands: how many hits of each kind, and from that opens and clicks, masks of the kinds seen, so
-- that every view is a choice at reading time: 1 human, 2 human but suspected, 4 automated probably, 8 automated
-- certainly. Counts and not marks, because a revised verdict takes its hit away again.
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
  opens_human integer NOT NULL DEFAULT 0 CHECK (opens_human >= 0),
  opens_suspected integer NOT NULL DEFAULT 0 CHECK (opens_suspected >= 0),
  opens_probable integer NOT NULL DEFAULT 0 CHECK (opens_probable >= 0),
  opens_certain integer NOT NULL DEFAULT 0 CHECK (opens_certain >= 0),
  clicks_human integer NOT NULL DEFAULT 0 CHECK (clicks_human >= 0),
  clicks_suspected integer NOT NULL DEFAULT 0 CHECK (clicks_suspected >= 0),
  clicks_probable integer NOT NULL DEFAULT 0 CHECK (clicks_probable >= 0),
  clicks_certain integer NOT NULL DEFAULT 0 CHECK (clicks_certain >= 0),
  opens smallint NOT NULL GENERATED ALWAYS AS
    ((opens_human > 0)::int + (opens_suspected > 0)::int * 2 + (opens_probable > 0)::int * 4 + (opens_certain > 0)::int * 8) STORED,
  clicks smallint NOT NULL GENERATED ALWAYS AS
    ((clicks_human > 0)::int + (clicks_suspected > 0)::int * 2 + (clicks_probable > 0)::int * 4 + (clicks_certain > 0)::int * 8) STORED,
  delivered_at timestamptz,
  delivered_via text CHECK (delivered_via IN ('mx', 'relay')),
  delivered_by text,          -- the host whose 250 took the message
  gateway_mx text,
  gateway_mx_source text CHECK (gateway_mx_source IN ('delivery', 'dns'))
) WITH (fillfactor = 80);
CREATE INDEX ON recipient_states (message_id);
CREATE INDEX ON recipient_states (account_id, campaign_id, accepted_at DESC, recipient_id DESC);
CREATE INDEX ON recipient_states (account_id, accepted_at);
CALL fence('recipient_states', 'SELECT, INSERT, UPDATE');

-- The same for one link of a recipient's copy; a row exists from the first click on.
CREATE TABLE link_states (
  account_id uuid NOT NULL,
  recipient_id uuid NOT NULL,
  link_id bigint NOT NULL,
  accepted_at timestamptz NOT NULL,
  accepted_day date NOT NULL,
  campaign_id bigint NOT NULL,
  clicks_human integer NOT NULL CHECK (clicks_human >= 0),
  clicks_suspected integer NOT NULL CHECK (clicks_suspected >= 0),
  clicks_probable integer NOT NULL CHECK (clicks_probable >= 0),
  clicks_certain integer NOT NULL CHECK (clicks_certain >= 0),
  clicks smallint NOT NULL GENERATED ALWAYS AS
    ((clicks_human > 0)::int + (clicks_suspected > 0)::int * 2 + (clicks_probable > 0)::int * 4 + (clicks_certain > 0)::int * 8) STORED,
  PRIMARY KEY (recipient_id, link_id)
) WITH (fillfactor = 80);
CREATE INDEX ON link_states (account_id, accepted_at);
CALL fence('link_states', 'SELECT, INSERT, UPDATE');

-- Roll-ups: one row a cell, counting in every view at once. Grains sender, domain and link-set count recipients; grain
-- link counts recipients who clicked that link; grain anonymous counts events that belong to nobody; these by the day of
-- acceptance. Grain quarter counts events by when they happened (key_id = quarter hours since 1970, day in UTC): a
-- quarter, because time zones are offset by quarters of an hour. n: how many in all. Writers only append deltas, so that
-- no two of them wait for one row; a fold adds them up. Reports read both.
CREATE TABLE rollups (
  account_id uuid NOT NULL,
  grain text NOT NULL,
  day date NOT NULL,
  campaign_id bigint NOT NULL,
  key_id bigint NOT NULL,
  n bigint NOT NULL, delivered bigint NOT NULL, bounced bigint NOT NULL, deferred bigint NOT NULL,
  strict_opened_by_people bigint NOT NULL, strict_opened_by_machines bigint NOT NULL, strict_clicked_by_people bigint NOT NULL, strict_clicked_by_machines bigint NOT NULL,
  balanced_opened_by_people bigint NOT NULL, balanced_opened_by_machines bigint NOT NULL, balanced_clicked_by_people bigint NOT NULL, balanced_clicked_by_machines bigint NOT NULL,
  lenient_opened_by_people bigint NOT NULL, lenient_opened_by_machines bigint NOT NULL, lenient_clicked_by_people bigint NOT NULL, lenient_clicked_by_machines bigint NOT NULL,
  PRIMARY KEY (account_id, grain, campaign_id, day, key_id)
) WITH (fillfactor = 80);
CREATE INDEX ON rollups (account_id, grain, day);
CALL fence('rollups', 'SELECT');

-- One row per transaction, its changes side by side in arrays: a batch of hits moves a thousand cells.
CREATE TABLE rollup_deltas (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id uuid NOT NULL,
  grain text[] NOT NULL,
  day date[] NOT NULL,
  campaign_id bigint[] NOT NULL,
  key_id bigint[] NOT NULL,
  n bigint[] NOT NULL, delivered bigint[] NOT NULL, bounced bigint[] NOT NULL, deferred bigint[] NOT NULL,
  strict_opened_by_people bigint[] NOT NULL, strict_opened_by_machines bigint[] NOT NULL, strict_clicked_by_people bigint[] NOT NULL, strict_clicked_by_machines bigint[] NOT NULL,
  balanced_opened_by_people bigint[] NOT NULL, balanced_opened_by_machines bigint[] NOT NULL, balanced_clicked_by_people bigint[] NOT NULL, balanced_clicked_by_machines bigint[] NOT NULL,
  lenient_opened_by_people bigint[] NOT NULL, lenient_opened_by_machines bigint[] NOT NULL, lenient_clicked_by_people bigint[] NOT NULL, lenient_clicked_by_machines bigint[] NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX ON rollup_deltas (account_id);
CALL fence('rollup_deltas', 'SELECT, INSERT');

-- Every change that is not folded yet, as cells; under the fence of who asks.
CREATE VIEW unfolded_cells WITH (security_invoker = true) AS
  SELECT d.id AS delta_id, d.account_id, c.*
    FROM rollup_deltas d
   CROSS JOIN LATERAL unnest(d.grain, d.day, d.campaign_id, d.key_id,
      d.n, d.delivered, d.bounced, d.deferred,
      d.strict_opened_by_people, d.strict_opened_by_machines, d.strict_clicked_by_people, d.strict_clicked_by_machines,
      d.balanced_opened_by_people, d.balanced_opened_by_machines, d.balanced_clicked_by_people, d.balanced_clicked_by_machines,
      d.lenient_opened_by_people, d.lenient_opened_by_machines, d.lenient_clicked_by_people, d.lenient_clicked_by_machines)
     AS c (grain, day, campaign_id, key_id,
      n, delivered, bounced, deferred,
      strict_opened_by_people, strict_opened_by_machines, strict_clicked_by_people, strict_clicked_by_machines,
      balanced_opened_by_people, balanced_opened_by_machines, balanced_clicked_by_people, balanced_clicked_by_machines,
      lenient_opened_by_people, lenient_opened_by_machines, lenient_clicked_by_people, lenient_clicked_by_machines);
GRANT SELECT ON unfolded_cells TO waxwing_app, waxwing_reader, waxwing_worker;

GRANT SELECT, INSERT, UPDATE, DELETE ON rollups TO waxwing_worker;
GRANT SELECT, UPDATE, DELETE ON rollup_deltas TO waxwing_worker; -- UPDATE: what FOR UPDATE asks for
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
