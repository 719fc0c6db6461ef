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

-- Shortens lives to what each account has chosen since, and destroys keys whose last hit has come to the end of its own.
-- A function, so that the worker's role reads neither keys nor settings of anybody.
CREATE FUNCTION destroy_request_keys(today date) RETURNS TABLE (of_account uuid, days integer) LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE request_keys k SET keep_days = s.keep_request_days FROM account_settings s
   WHERE s.account_id = k.account_id AND s.keep_request_days IS NOT NULL
     AND (k.keep_days IS NULL OR k.keep_days > s.keep_request_days);
  RETURN QUERY
    WITH gone AS (DELETE FROM request_keys k WHERE k.keep_days = 0 OR k.day + k.keep_days < today RETURNING k.account_id)
    SELECT gone.account_id, count(*)::integer FROM gone GROUP BY gone.account_id;
END $$;
REVOKE EXECUTE ON FUNCTION destroy_request_keys(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION destroy_request_keys(date) TO waxwing_worker;
