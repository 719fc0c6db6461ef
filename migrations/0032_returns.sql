-- What comes back: whom no mail goes to any more, and the reports that said so.

-- A row a reason: an address that bounced and one whose owner unsubscribed stays unsubscribed when the bounce is forgiven.
CREATE TABLE suppressions (
  account_id uuid NOT NULL REFERENCES accounts,
  address_index bytea NOT NULL,
  reason text NOT NULL CHECK (reason IN ('hard-bounce', 'soft-bounces', 'complaint', 'unsubscribed', 'manual')),
  scope text NOT NULL CHECK (scope IN ('all', 'marketing')),
  address_sealed bytea NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz, -- null: never
  PRIMARY KEY (account_id, address_index, reason)
);
CREATE INDEX ON suppressions (account_id, created_at, address_index, reason);
CREATE INDEX ON suppressions (expires_at) WHERE expires_at IS NOT NULL;
CALL fence('suppressions', 'SELECT, INSERT, UPDATE, DELETE');

-- Bounces that pass, counted until there are too many of them.
CREATE TABLE soft_bounces (
  account_id uuid NOT NULL REFERENCES accounts,
  address_index bytea NOT NULL,
  at timestamptz NOT NULL,
  id uuid NOT NULL,
  PRIMARY KEY (account_id, address_index, at, id)
);
CREATE INDEX ON soft_bounces (at);
CALL fence('soft_bounces', 'SELECT, INSERT, DELETE');

-- Mail that came back to the envelope sender of one recipient's copy, as it came, under its message's key.
CREATE TABLE returned_mail (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid NOT NULL,
  message_id uuid NOT NULL,
  recipient_id uuid NOT NULL,
  received_at timestamptz NOT NULL,
  what text NOT NULL CHECK (what IN ('bounced', 'delayed', 'complained', 'auto-replied', 'replied', 'noted')),
  digest bytea NOT NULL,   -- keyed hash: a report that comes twice is taken once
  content_sealed bytea,    -- null: the message is erased
  PRIMARY KEY (account_id, id),
  UNIQUE (account_id, recipient_id, digest)
);
ALTER TABLE returned_mail ALTER content_sealed SET STORAGE EXTERNAL;
CREATE INDEX ON returned_mail (received_at);
CREATE INDEX ON returned_mail (account_id, message_id);
CALL fence('returned_mail', 'SELECT, INSERT');

-- What has had its time goes, some rows at once; of reports, nothing that a legal hold covers.
CREATE FUNCTION prune_returns(reports_before timestamptz, bounces_before timestamptz, now timestamptz, most integer)
  RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  removed integer := 0;
  gone integer;
BEGIN
  DELETE FROM returned_mail d USING (
    SELECT r.account_id, r.id FROM returned_mail r
     WHERE r.received_at < reports_before
       AND NOT EXISTS (SELECT FROM held_messages h WHERE h.account_id = r.account_id AND h.message_id = r.message_id)
     ORDER BY r.received_at LIMIT most FOR UPDATE SKIP LOCKED) AS old
   WHERE d.account_id = old.account_id AND d.id = old.id;
  GET DIAGNOSTICS gone = ROW_COUNT;
  removed := removed + gone;
  DELETE FROM soft_bounces d USING (
    SELECT account_id, address_index, at, id FROM soft_bounces WHERE at < bounces_before
     ORDER BY at LIMIT most FOR UPDATE SKIP LOCKED) AS old
   WHERE d.account_id = old.account_id AND d.address_index = old.address_index AND d.at = old.at AND d.id = old.id;
  GET DIAGNOSTICS gone = ROW_COUNT;
  removed := removed + gone;
  DELETE FROM suppressions d USING (
    SELECT account_id, address_index, reason FROM suppressions WHERE expires_at < now
     ORDER BY expires_at LIMIT most FOR UPDATE SKIP LOCKED) AS old
   WHERE d.account_id = old.account_id AND d.address_index = old.address_index AND d.reason = old.reason;
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN removed + gone;
END $$;
REVOKE EXECUTE ON FUNCTION prune_returns(timestamptz, timestamptz, timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION prune_returns(timestamptz, timestamptz, timestamptz, integer) TO waxwing_worker;
