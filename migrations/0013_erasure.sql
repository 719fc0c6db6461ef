-- Erasing a message: its key and content go, what its events echo of people goes, and a signed certificate says so.

CREATE TABLE erasures (
  account_id uuid NOT NULL REFERENCES accounts,
  message_id uuid PRIMARY KEY REFERENCES messages,
  at timestamptz NOT NULL,
  certificate jsonb NOT NULL -- ids, counts, a time and a signature; nothing of the message
);
CALL fence('erasures', 'SELECT, INSERT');

-- Attempts stay as evidence of what happened; the remote's words go.
GRANT UPDATE (reply_sealed) ON delivery_attempts TO waxwing_app;
CREATE POLICY erased_only ON delivery_attempts AS RESTRICTIVE FOR UPDATE TO waxwing_app
  USING (EXISTS (SELECT 1 FROM messages m WHERE m.id = message_id AND m.erased_at IS NOT NULL))
  WITH CHECK (reply_sealed IS NULL);

-- Events never change, but for this: of an erased message, details may be sealed anew without what they echoed.
CREATE FUNCTION replace_details_of_erased(message uuid, times timestamptz[], ids uuid[], details bytea[]) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM messages m
                  WHERE m.id = message AND m.account_id = current_account() AND m.erased_at IS NOT NULL) THEN
    RAISE EXCEPTION 'the message is not erased';
  END IF;
  UPDATE events e SET detail_sealed = d.detail
    FROM unnest(times, ids, details) AS d (at, id, detail)
   WHERE e.occurred_at = d.at AND e.id = d.id AND e.message_id = message AND e.account_id = current_account();
END $$;
REVOKE EXECUTE ON FUNCTION replace_details_of_erased(uuid, timestamptz[], uuid[], bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION replace_details_of_erased(uuid, timestamptz[], uuid[], bytea[]) TO waxwing_app;

-- The answers kept for repeated requests name recipients; with the message they speak of they are sealed anew without.
ALTER TABLE idempotency_keys ADD COLUMN message_id uuid;
CREATE INDEX ON idempotency_keys (message_id) WHERE message_id IS NOT NULL;
GRANT UPDATE (response_sealed) ON idempotency_keys TO waxwing_app;
