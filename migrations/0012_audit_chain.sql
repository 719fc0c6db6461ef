-- The chain over audit entries. Entries are written in the transaction of the act and wait in a queue for the sealer, which
-- gives them their place in the account's chain within a second, so that no act waits for the head of a chain. No role of
-- the program may change or delete an entry, a link or a checkpoint.

CREATE TABLE audit_waiting (
  account_id uuid NOT NULL,
  entry_id uuid PRIMARY KEY
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE INDEX ON audit_waiting (account_id, entry_id);
CALL fence('audit_waiting', 'SELECT');
GRANT SELECT, DELETE ON audit_waiting TO waxwing_worker;
CREATE POLICY every_account ON audit_waiting TO waxwing_worker USING (true);

-- With its owner's rights: who writes an entry cannot keep it out of the chain.
CREATE FUNCTION queue_audit_entries() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO audit_waiting (account_id, entry_id) SELECT account_id, id FROM written;
  RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION queue_audit_entries() FROM PUBLIC;
CREATE TRIGGER queue_for_chain AFTER INSERT ON audit_entries
  REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION queue_audit_entries();
INSERT INTO audit_waiting (account_id, entry_id) SELECT account_id, id FROM audit_entries;

CREATE TABLE audit_chain (
  account_id uuid NOT NULL REFERENCES accounts,
  seq bigint NOT NULL CHECK (seq > 0),
  entry_id uuid NOT NULL UNIQUE REFERENCES audit_entries (id),
  prev bytea NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (account_id, seq)
);
CALL fence('audit_chain', 'SELECT, INSERT');

-- Signed with a key that is not in the database: whoever rewrites a chain here cannot sign it.
CREATE TABLE audit_checkpoints (
  account_id uuid NOT NULL REFERENCES accounts,
  seq bigint NOT NULL CHECK (seq >= 0),
  hash bytea NOT NULL,
  at timestamptz NOT NULL,
  key_id text NOT NULL,
  signature text NOT NULL,
  PRIMARY KEY (account_id, seq)
);
CALL fence('audit_checkpoints', 'SELECT, INSERT');
