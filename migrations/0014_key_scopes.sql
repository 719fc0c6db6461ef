-- What an API key may do, until when, and from where. Null: everything, for good, from anywhere.
ALTER TABLE api_keys
  ADD COLUMN permissions text[],
  ADD COLUMN expires_at timestamptz,
  ADD COLUMN allowed_networks cidr[],
  -- The key that took this one's place; both work until this one expires.
  ADD COLUMN replaced_by uuid REFERENCES api_keys (id);

DROP FUNCTION account_of_api_key(bytea);
CREATE FUNCTION account_of_api_key(hash bytea)
  RETURNS TABLE (account_id uuid, key_id uuid, permissions text[], expires_at timestamptz, allowed_networks text[])
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT k.account_id, k.id, k.permissions, k.expires_at, k.allowed_networks::text[]
        FROM api_keys k WHERE k.secret_hash = hash AND k.revoked_at IS NULL $$;
REVOKE EXECUTE ON FUNCTION account_of_api_key(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION account_of_api_key(bytea) TO waxwing_app;
