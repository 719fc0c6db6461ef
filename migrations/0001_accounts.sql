-- Accounts, who may act for them, and the fence. Every row belongs to an account; the program's roles see one account
-- at a time, named by the setting waxwing.account inside a transaction. Without it they see nothing.

DO $$
DECLARE role_name text;
BEGIN
  -- app: one account's rows. reader: the same, reading only. worker: all accounts, but only the queues named below.
  FOREACH role_name IN ARRAY ARRAY['waxwing_app', 'waxwing_reader', 'waxwing_worker'] LOOP
    -- Roles are shared by all databases of a server, and an administrator may have made them beforehand.
    IF to_regrole(role_name) IS NULL THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
      END;
    END IF;
    BEGIN
      EXECUTE format('GRANT %I TO CURRENT_USER', role_name);
    EXCEPTION WHEN OTHERS THEN
      IF NOT pg_has_role(current_user, role_name, 'MEMBER') THEN RAISE; END IF;
    END;
  END LOOP;
END $$;

GRANT USAGE ON SCHEMA public TO waxwing_app, waxwing_reader, waxwing_worker;

CREATE FUNCTION current_account() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('waxwing.account', true), '')::uuid;

-- Fences a table by its account_id and opens it to the program's roles, which is the only way they reach a row.
CREATE PROCEDURE fence(table_name regclass, app_may text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', table_name);
  EXECUTE format('CREATE POLICY own_account ON %s TO waxwing_app, waxwing_reader USING (account_id = current_account()) WITH CHECK (account_id = current_account())', table_name);
  EXECUTE format('GRANT %s ON %s TO waxwing_app', app_may, table_name);
  EXECUTE format('GRANT SELECT ON %s TO waxwing_reader', table_name);
END $$;

CREATE TABLE installation (
  is_the_only boolean PRIMARY KEY DEFAULT true CHECK (is_the_only),
  key_check bytea NOT NULL,
  created_at timestamptz NOT NULL
);
GRANT SELECT, INSERT ON installation TO waxwing_worker;

CREATE TABLE accounts (
  account_id uuid PRIMARY KEY,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  sealed_key bytea NOT NULL,
  created_at timestamptz NOT NULL
);
CALL fence('accounts', 'SELECT, INSERT, UPDATE');
GRANT SELECT ON accounts TO waxwing_worker;
CREATE POLICY every_account ON accounts FOR SELECT TO waxwing_worker USING (true);

CREATE TABLE account_settings (
  account_id uuid PRIMARY KEY REFERENCES accounts,
  suppress_automated_events boolean NOT NULL DEFAULT true,
  track_opens boolean NOT NULL DEFAULT true,
  track_clicks boolean NOT NULL DEFAULT true,
  track_plain_text boolean NOT NULL DEFAULT false,
  tracking_level text NOT NULL DEFAULT 'identified' CHECK (tracking_level IN ('off', 'anonymous', 'identified')),
  view text NOT NULL DEFAULT 'balanced' CHECK (view IN ('strict', 'balanced', 'lenient')),
  minimum_transport text NOT NULL DEFAULT 'opportunistic'
    CHECK (minimum_transport IN ('plain', 'opportunistic', 'verified', 'authenticated')),
  require_verified_sender boolean NOT NULL DEFAULT false,
  time_zone text NOT NULL DEFAULT 'UTC'
);
CALL fence('account_settings', 'SELECT, INSERT, UPDATE');

CREATE TABLE api_keys (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  name text NOT NULL,
  secret_hash bytea NOT NULL UNIQUE,
  hint text NOT NULL,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz,
  revoked_at timestamptz
);
CREATE INDEX ON api_keys (account_id);
CALL fence('api_keys', 'SELECT, INSERT, UPDATE');

CREATE TABLE sign_in_links (
  account_id uuid NOT NULL REFERENCES accounts,
  token_hash bytea PRIMARY KEY,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);
CALL fence('sign_in_links', 'SELECT, INSERT, UPDATE');

CREATE TABLE sessions (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  token_hash bytea NOT NULL UNIQUE,
  created_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  ended_at timestamptz
);
CALL fence('sessions', 'SELECT, INSERT, UPDATE');

-- Who is calling is asked before an account is known. These three answer exactly that, from a keyed hash, and nothing else.
CREATE FUNCTION account_of_api_key(hash bytea) RETURNS TABLE (account_id uuid, key_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$ SELECT k.account_id, k.id FROM api_keys k WHERE k.secret_hash = hash AND k.revoked_at IS NULL $$;

CREATE FUNCTION account_of_session(hash bytea) RETURNS TABLE (account_id uuid, session_id uuid, last_seen_at timestamptz, expires_at timestamptz)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$ SELECT s.account_id, s.id, s.last_seen_at, s.expires_at FROM sessions s WHERE s.token_hash = hash AND s.ended_at IS NULL $$;

CREATE FUNCTION account_of_sign_in_link(hash bytea) RETURNS TABLE (account_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
AS $$ SELECT l.account_id FROM sign_in_links l WHERE l.token_hash = hash AND l.used_at IS NULL $$;

-- What happened, who did it, on what: written in the transaction of the act, never changed. No PHI.
CREATE TABLE audit_entries (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  at timestamptz NOT NULL,
  actor_kind text NOT NULL,
  actor_id text,
  action text NOT NULL,
  object_kind text NOT NULL,
  object_id text,
  outcome text NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX ON audit_entries (account_id, at, id);
CALL fence('audit_entries', 'SELECT, INSERT');
