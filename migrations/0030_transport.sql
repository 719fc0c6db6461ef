-- What protects mail on its way: published policies of recipients' domains, rules of accounts for such domains, and the
-- evidence of each attempt.

-- Policies of MTA-STS (RFC 8461) as their domains publish them, kept once for the whole installation: a cache that any
-- process may fill, without a fence because it belongs to no account. A domain of one's own can name a person, so it is
-- found by a keyed hash and stands, with the policy, in a value that only the installation opens.
CREATE TABLE mta_sts_policies (
  domain_index bytea PRIMARY KEY,
  policy bytea NOT NULL,
  fetched_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  refresh_at timestamptz NOT NULL
);
CREATE INDEX mta_sts_policies_due ON mta_sts_policies (refresh_at);
CREATE INDEX mta_sts_policies_over ON mta_sts_policies (expires_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON mta_sts_policies TO waxwing_worker;

-- What an account asks for towards one recipient domain, beside what it asks for of all.
CREATE TABLE transport_rules (
  account_id uuid NOT NULL REFERENCES accounts,
  domain_index bytea NOT NULL,
  domain_sealed bytea NOT NULL,
  minimum_transport text NOT NULL CHECK (minimum_transport IN ('plain', 'opportunistic', 'verified', 'authenticated')),
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, domain_index)
);
CALL fence('transport_rules', 'SELECT, INSERT, UPDATE, DELETE');

-- JSON: what policy asked and why, and each host that was tried, with its certificate and its answer.
ALTER TABLE delivery_attempts ADD COLUMN evidence_sealed bytea;
-- With the remote's words go the names and certificates of an erased message's way.
GRANT UPDATE (evidence_sealed) ON delivery_attempts TO waxwing_app;
ALTER POLICY erased_only ON delivery_attempts WITH CHECK (reply_sealed IS NULL AND evidence_sealed IS NULL);
