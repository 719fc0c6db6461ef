-- Settling, and what is learned of each recipient domain's scanner from settled verdicts.

-- What waits for verdicts to settle: one row for each storing transaction, account and consumer, its ids side by side in
-- arrays, so that the drain pays for a row and not for a thousand. Taken, worked through and deleted in one transaction.
CREATE TABLE settling (
  account_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  consumer text NOT NULL,
  due_at timestamptz NOT NULL,   -- when the last of these verdicts has settled
  put_off_until timestamptz,     -- it failed, and others go first
  copies integer NOT NULL,
  recipient_ids uuid[] NOT NULL, -- the copies with news
  event_ids uuid[] NOT NULL      -- the hits that settle
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
ALTER TABLE settling ALTER recipient_ids SET STORAGE EXTERNAL, ALTER event_ids SET STORAGE EXTERNAL; -- ids do not compress
CREATE INDEX ON settling (consumer, due_at);
CREATE INDEX ON settling (consumer, account_id, due_at);
CALL fence('settling', 'SELECT, INSERT');
GRANT SELECT, UPDATE, DELETE ON settling TO waxwing_worker;
CREATE POLICY every_account ON settling TO waxwing_worker USING (true);

-- What a recipient domain's scanner usually does. Numbers only; the domain's name is a sealed dimension.
CREATE TABLE scanner_habits (
  account_id uuid NOT NULL REFERENCES accounts,
  domain_id bigint NOT NULL,
  copies integer NOT NULL,         -- handled by a scanner for certain
  some_recipients bytea NOT NULL,  -- four bytes of each of the first few recipients' blind indexes: enough to tell one from many
  tallies jsonb NOT NULL,          -- copies by delay, links, actor, network and gateway
  first_seen_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  halved_at timestamptz NOT NULL,  -- counts are halved every 30 days
  PRIMARY KEY (account_id, domain_id)
) WITH (fillfactor = 70);
CALL fence('scanner_habits', 'SELECT, INSERT, UPDATE, DELETE');

-- From where: /24 (IPv6 /48) blocks under a keyed hash of the account's.
CREATE TABLE scanner_habit_blocks (
  account_id uuid NOT NULL REFERENCES accounts,
  domain_id bigint NOT NULL,
  block bytea NOT NULL,
  machine_copies integer NOT NULL,
  people jsonb NOT NULL,           -- copies that people used from there, by kind and delay
  first_seen_at timestamptz,       -- with a scanner; null: people only
  seen_at timestamptz NOT NULL,
  person_seen_at timestamptz,
  PRIMARY KEY (account_id, domain_id, block)
) WITH (fillfactor = 70);
CALL fence('scanner_habit_blocks', 'SELECT, INSERT, UPDATE, DELETE');

-- What each copy has taught, so that it is counted once and corrected when late hits change what it teaches.
CREATE TABLE scanner_habit_copies (
  account_id uuid NOT NULL REFERENCES accounts,
  domain_id bigint NOT NULL,
  recipient_id uuid NOT NULL,
  accepted_at timestamptz NOT NULL,
  lesson jsonb NOT NULL,
  PRIMARY KEY (account_id, domain_id, recipient_id)
);
CREATE INDEX ON scanner_habit_copies (account_id, accepted_at);
CALL fence('scanner_habit_copies', 'SELECT, INSERT, UPDATE, DELETE');
