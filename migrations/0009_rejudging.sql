-- Judging the past again: who asked for it, when, by which rules, how far it is and what it changed. Each verdict that a run
-- changed is a row of verdict_changes with the run's id. No PHI: ids, rules, counts.

CREATE TABLE rejudgements (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  is_dry_run boolean NOT NULL,
  asked_at timestamptz NOT NULL,
  asked_by_kind text NOT NULL,
  asked_by_id text NOT NULL,
  since timestamptz,               -- of mail accepted from then on
  until timestamptz,               -- and before then
  disabled_rules text[] NOT NULL,
  ruleset text NOT NULL,           -- the one that judges; those that had judged are counted in tally
  state text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'cancelled', 'failed')),
  why text,                        -- of a failed run: a code of ours
  started_at timestamptz,
  ended_at timestamptz,
  expected_hits bigint NOT NULL,
  active_ms bigint NOT NULL DEFAULT 0,
  tally jsonb NOT NULL,            -- counts so far
  place jsonb,                     -- the last recipient that is done; moves in the transaction of what was changed
  claims integer NOT NULL DEFAULT 0, -- since it last came on
  runner uuid,
  lease_until timestamptz
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX rejudgements_one_at_a_time ON rejudgements (account_id) WHERE state IN ('queued', 'running');
CREATE INDEX ON rejudgements (account_id, id);
CALL fence('rejudgements', 'SELECT, INSERT, UPDATE');
-- Any worker takes up a run that nobody holds.
GRANT SELECT, UPDATE ON rejudgements TO waxwing_worker;
CREATE POLICY every_account ON rejudgements TO waxwing_worker USING (true);

-- The first hits of a run whose verdicts flip, for each rule that speaks of them newly or no longer.
CREATE TABLE rejudgement_examples (
  account_id uuid NOT NULL REFERENCES accounts,
  run_id uuid NOT NULL REFERENCES rejudgements,
  rule text NOT NULL,
  place integer NOT NULL,
  example jsonb NOT NULL,
  PRIMARY KEY (run_id, rule, place)
);
CALL fence('rejudgement_examples', 'SELECT, INSERT');

-- History is walked in this order. The shorter index says nothing that this one does not.
CREATE INDEX recipient_states_walk ON recipient_states (account_id, accepted_at, recipient_id);
DROP INDEX recipient_states_account_id_accepted_at_idx;
