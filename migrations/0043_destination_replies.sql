-- What destinations said within the last day, counted: for people who look after a queue. No word of a server is in it.
CREATE TABLE destination_replies (
  account_id uuid NOT NULL REFERENCES accounts,
  domain_id bigint NOT NULL,
  slot_at timestamptz NOT NULL,       -- the five minutes that begin here
  outcome text NOT NULL CHECK (outcome IN ('delivered', 'deferred', 'bounced')),
  why text NOT NULL,                  -- a code of ours, no reply text
  reply_code integer NOT NULL,        -- 0: none
  times integer NOT NULL,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, domain_id, slot_at, outcome, why, reply_code)
);
CREATE INDEX ON destination_replies (slot_at);
CALL fence('destination_replies', 'SELECT');
GRANT SELECT, INSERT, UPDATE, DELETE ON destination_replies TO waxwing_worker;
CREATE POLICY every_account ON destination_replies TO waxwing_worker USING (true);
