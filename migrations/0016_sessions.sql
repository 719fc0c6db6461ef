-- Whose session it is, how long it may last, when its holder last proved who they are, and what is unusual about it.

CREATE TABLE session_limits (
  account_id uuid NOT NULL REFERENCES accounts,
  role text NOT NULL CHECK (role IN ('owner', 'admin', 'compliance', 'sender', 'viewer')),
  idle_minutes integer NOT NULL CHECK (idle_minutes BETWEEN 1 AND 1440),
  absolute_minutes integer NOT NULL CHECK (absolute_minutes BETWEEN 1 AND 10080),
  PRIMARY KEY (account_id, role)
);
CALL fence('session_limits', 'SELECT, INSERT, UPDATE');

ALTER TABLE sessions
  -- Null: an installation link opened it, for nobody in particular.
  ADD COLUMN user_id uuid,
  ADD COLUMN opened_by text NOT NULL DEFAULT 'link',
  ADD COLUMN proved_at timestamptz,
  -- Browser and network in words, under the account's key.
  ADD COLUMN place_sealed bytea,
  ADD FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, id);
UPDATE sessions SET proved_at = created_at;
ALTER TABLE sessions ALTER COLUMN proved_at SET NOT NULL;
CREATE INDEX ON sessions (account_id, created_at) WHERE ended_at IS NULL;

-- The browsers and networks that a user was seen with, as keyed hashes.
CREATE TABLE known_places (
  account_id uuid NOT NULL,
  user_id uuid NOT NULL,
  place bytea NOT NULL,
  last_seen_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, user_id, place),
  FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, id)
);
CALL fence('known_places', 'SELECT, INSERT, UPDATE, DELETE');

-- What somebody should look at. An entry of the audit log stands beside each.
CREATE TABLE alerts (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  at timestamptz NOT NULL,
  what text NOT NULL,
  user_id uuid,
  detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX ON alerts (account_id, at DESC, id DESC);
CALL fence('alerts', 'SELECT, INSERT');

DROP FUNCTION account_of_session(bytea);
CREATE FUNCTION account_of_session(hash bytea)
  RETURNS TABLE (account_id uuid, session_id uuid, user_id uuid, role text, permissions text[], created_at timestamptz,
                 last_seen_at timestamptz, expires_at timestamptz, proved_at timestamptz, has_people boolean,
                 role_idle integer, role_absolute integer, department_idle integer, department_absolute integer)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT s.account_id, s.id, s.user_id, u.role, u.permissions, s.created_at, s.last_seen_at, s.expires_at, s.proved_at,
         EXISTS (SELECT 1 FROM users p WHERE p.account_id = s.account_id AND p.accepted_at IS NOT NULL
                    AND p.deactivated_at IS NULL),
         l.idle_minutes, l.absolute_minutes, d.idle, d.absolute
    FROM sessions s
    LEFT JOIN users u ON u.account_id = s.account_id AND u.id = s.user_id
    LEFT JOIN session_limits l ON l.account_id = s.account_id AND l.role = coalesce(u.role, 'owner')
    LEFT JOIN LATERAL (
      -- The strictest of a department and all above it: what is below cannot loosen it.
      WITH RECURSIVE above AS (
        SELECT t.id, t.parent_id, t.idle_minutes, t.absolute_minutes, 1 AS depth
          FROM departments t WHERE t.account_id = s.account_id AND t.id = u.department_id
        UNION ALL
        SELECT t.id, t.parent_id, t.idle_minutes, t.absolute_minutes, a.depth + 1
          FROM departments t JOIN above a ON t.id = a.parent_id WHERE t.account_id = s.account_id AND a.depth < 100)
      SELECT min(idle_minutes) AS idle, min(absolute_minutes) AS absolute FROM above
    ) d ON true
   WHERE s.token_hash = hash AND s.ended_at IS NULL
     AND (s.user_id IS NULL OR (u.accepted_at IS NOT NULL AND u.deactivated_at IS NULL)) $$;
REVOKE EXECUTE ON FUNCTION account_of_session(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION account_of_session(bytea) TO waxwing_app;
