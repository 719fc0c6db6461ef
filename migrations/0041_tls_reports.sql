-- Reports about TLS (RFC 8460): the sessions that this installation had with recipients' servers, counted by day for the
-- reports it sends, those reports until they are sent, and the reports that others send about accounts' own domains.

-- Belongs to no account. A domain of one's own can name a person, so it is found by a keyed hash and stands, with what is
-- counted, in a value that only the installation opens.
CREATE TABLE tls_sessions (
  day date NOT NULL,
  domain_index bytea NOT NULL,
  facts_index bytea NOT NULL,
  facts bytea NOT NULL, -- domain, policy, result, hosts and addresses
  sessions bigint NOT NULL CHECK (sessions > 0),
  PRIMARY KEY (day, domain_index, facts_index)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON tls_sessions TO waxwing_worker;

CREATE TABLE tls_reports_due (
  id uuid PRIMARY KEY,
  due_at timestamptz NOT NULL,
  give_up_at timestamptz NOT NULL,
  tries integer NOT NULL DEFAULT 0,
  report bytea NOT NULL -- the report, and where it has not arrived yet
);
CREATE INDEX ON tls_reports_due (due_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON tls_reports_due TO waxwing_worker;

-- What others counted of their mail to an account's own domain, a row a policy of a report.
CREATE TABLE tls_reports (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid NOT NULL,
  domain_id uuid NOT NULL,
  digest bytea NOT NULL,         -- keyed hash: a report that comes twice is taken once
  day date NOT NULL,             -- the day its range begins
  received_at timestamptz NOT NULL,
  succeeded bigint NOT NULL CHECK (succeeded >= 0),
  failed bigint NOT NULL CHECK (failed >= 0),
  content_sealed bytea NOT NULL, -- who reports, the policy they saw, each kind of failure
  PRIMARY KEY (account_id, id),
  UNIQUE (account_id, domain_id, digest),
  FOREIGN KEY (account_id, domain_id) REFERENCES sender_domains (account_id, id) ON DELETE CASCADE
);
CREATE INDEX ON tls_reports (account_id, domain_id, day);
CREATE INDEX ON tls_reports (received_at);
CALL fence('tls_reports', 'SELECT, INSERT, DELETE');

-- Whose domain a report speaks of: asked before anybody is known.
CREATE FUNCTION account_of_verified_sender(name text) RETURNS TABLE (account_id uuid, domain_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT d.account_id, d.id FROM sender_domains d WHERE d.domain = name AND d.verified_at IS NOT NULL $$;
REVOKE EXECUTE ON FUNCTION account_of_verified_sender(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION account_of_verified_sender(text) TO waxwing_worker;

CREATE FUNCTION prune_tls_reports(before timestamptz, most integer) RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE gone integer;
BEGIN
  DELETE FROM tls_reports d USING (
    SELECT account_id, id FROM tls_reports WHERE received_at < before
     ORDER BY received_at LIMIT most FOR UPDATE SKIP LOCKED) AS old
   WHERE d.account_id = old.account_id AND d.id = old.id;
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END $$;
REVOKE EXECUTE ON FUNCTION prune_tls_reports(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION prune_tls_reports(timestamptz, integer) TO waxwing_worker;
