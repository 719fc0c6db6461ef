-- Addresses and agents of hits are sealed under a key for each account and day (UTC). An event never changes; what of it
-- must not last becomes unreadable with its key.

CREATE TABLE request_keys (
  account_id uuid NOT NULL REFERENCES accounts,
  day date NOT NULL,          -- of the hits, in UTC
  key_sealed bytea NOT NULL,  -- under the account's key
  -- The shortest life that the account has chosen since: null as long as the event. Never lengthened.
  keep_days integer CHECK (keep_days BETWEEN 0 AND 3650),
  PRIMARY KEY (account_id, day)
) WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0, fillfactor = 50); -- a destroyed key leaves its page soon
CALL fence('request_keys', 'SELECT, INSERT');

-- Destroying keys whose time has come is the worker's, for all accounts by the setting of each.
GRANT SELECT (account_id, day, keep_days), UPDATE (keep_days), DELETE ON request_keys TO waxwing_worker;
CREATE POLICY every_account ON request_keys TO waxwing_worker USING (true) WITH CHECK (true);
GRANT SELECT (account_id, keep_request_days) ON account_settings TO waxwing_worker;
CREATE POLICY every_account ON account_settings FOR SELECT TO waxwing_worker USING (true);
