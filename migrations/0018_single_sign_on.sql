-- Single sign-on: the identity providers of an account, whom they serve, and who was recognised by them.

CREATE TABLE sso_connections (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  -- Name, issuer, client id, domains, claims and rules: JSON under the account's key.
  settings_sealed bytea NOT NULL,
  client_secret_sealed bytea,
  is_enabled boolean NOT NULL,
  -- What whoever last changed it might do: nobody comes in by it who may do more. Null: everything.
  reach text[],
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  UNIQUE (account_id, id)
);
CALL fence('sso_connections', 'SELECT, INSERT, UPDATE, DELETE');

-- Whom a connection serves, as hashes under a key of the installation: a sign-in does not know the account yet.
CREATE TABLE sso_domains (
  account_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  domain_lookup bytea NOT NULL,
  PRIMARY KEY (account_id, domain_lookup),
  FOREIGN KEY (account_id, connection_id) REFERENCES sso_connections (account_id, id) ON DELETE CASCADE
);
CREATE INDEX ON sso_domains (domain_lookup);
CREATE INDEX ON sso_domains (connection_id);
CALL fence('sso_domains', 'SELECT, INSERT, DELETE');

-- Whom the provider's `sub` stands for. It is kept as a keyed hash.
CREATE TABLE sso_identities (
  account_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  subject_index bytea NOT NULL,
  user_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, connection_id, subject_index),
  UNIQUE (account_id, connection_id, user_id),
  FOREIGN KEY (account_id, connection_id) REFERENCES sso_connections (account_id, id) ON DELETE CASCADE,
  FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, id)
);
CREATE INDEX ON sso_identities (user_id);
CALL fence('sso_identities', 'SELECT, INSERT, DELETE');

-- Which of our sessions belongs to which of the provider's, so that it can end them (OIDC Back-Channel Logout 1.0).
CREATE TABLE sso_sessions (
  account_id uuid NOT NULL,
  session_id uuid PRIMARY KEY REFERENCES sessions,
  connection_id uuid NOT NULL,
  subject_index bytea NOT NULL,
  sid_index bytea,
  FOREIGN KEY (account_id, connection_id) REFERENCES sso_connections (account_id, id) ON DELETE CASCADE
);
CREATE INDEX ON sso_sessions (connection_id, subject_index);
CALL fence('sso_sessions', 'SELECT, INSERT, DELETE');

-- The answer to a sign-in that was begun is taken once, and so is a logout token.
CREATE TABLE sso_used_states (
  account_id uuid NOT NULL REFERENCES accounts,
  state bytea NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, state)
);
CALL fence('sso_used_states', 'SELECT, INSERT, DELETE');

-- Domains whose people, owners aside, sign in by single sign-on only; as keyed hashes of the account.
CREATE TABLE required_sign_on_domains (
  account_id uuid NOT NULL REFERENCES accounts,
  domain_index bytea NOT NULL,
  PRIMARY KEY (account_id, domain_index)
);
CALL fence('required_sign_on_domains', 'SELECT, INSERT, DELETE');

-- Asked before an account is known: which connections that are in use serve a domain, and whose a connection is.
CREATE FUNCTION sso_connections_of_domain(lookup bytea) RETURNS TABLE (account_id uuid, connection_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT d.account_id, d.connection_id FROM sso_domains d
        JOIN sso_connections c ON c.account_id = d.account_id AND c.id = d.connection_id
       WHERE d.domain_lookup = lookup AND c.is_enabled LIMIT 2 $$;

CREATE FUNCTION account_of_sso_connection(connection uuid) RETURNS TABLE (account_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT c.account_id FROM sso_connections c WHERE c.id = connection AND c.is_enabled $$;

REVOKE EXECUTE ON FUNCTION sso_connections_of_domain(bytea), account_of_sso_connection(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sso_connections_of_domain(bytea), account_of_sso_connection(uuid) TO waxwing_app;
