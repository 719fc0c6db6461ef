-- The people of an account: who they are, where they belong, what they may do and how they prove that it is them.
-- Addresses and names are sealed under the account's key; equal addresses are found by keyed hashes.

CREATE TABLE departments (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  parent_id uuid,
  created_at timestamptz NOT NULL,
  -- Of a session of its people and of all below it; null: as the departments above and the role say.
  idle_minutes integer CHECK (idle_minutes BETWEEN 1 AND 1440),
  absolute_minutes integer CHECK (absolute_minutes BETWEEN 1 AND 10080),
  UNIQUE (account_id, id),
  FOREIGN KEY (account_id, parent_id) REFERENCES departments (account_id, id)
);
CALL fence('departments', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE users (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  email_sealed bytea NOT NULL,
  -- Unique in the account, and different in every account.
  email_index bytea NOT NULL,
  -- The same for one address in all accounts, under a key of the installation: a sign-in does not know the account yet.
  email_lookup bytea NOT NULL,
  name_sealed bytea NOT NULL,
  role text NOT NULL CHECK (role IN ('owner', 'admin', 'compliance', 'sender', 'viewer')),
  -- Null: all that the role allows. Else only these of them.
  permissions text[],
  department_id uuid,
  created_at timestamptz NOT NULL,
  accepted_at timestamptz,
  deactivated_at timestamptz,
  last_signed_in_at timestamptz,
  password_hash text,
  totp_sealed bytea,
  -- The last time step whose code was taken: none is taken twice (RFC 6238 §5.2).
  totp_step bigint NOT NULL DEFAULT 0,
  UNIQUE (account_id, id),
  UNIQUE (account_id, email_index),
  FOREIGN KEY (account_id, department_id) REFERENCES departments (account_id, id)
);
CREATE INDEX ON users (email_lookup);
CALL fence('users', 'SELECT, INSERT, UPDATE');

CREATE TABLE invitations (
  account_id uuid NOT NULL,
  token_hash bytea PRIMARY KEY,
  user_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  -- Used, or replaced by a newer one.
  ended_at timestamptz,
  FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, id)
);
CREATE INDEX ON invitations (user_id);
CALL fence('invitations', 'SELECT, INSERT, UPDATE');

CREATE TABLE passkeys (
  account_id uuid NOT NULL,
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL,
  credential_id bytea NOT NULL UNIQUE,
  public_key bytea NOT NULL,
  sign_count bigint NOT NULL,
  transports text[] NOT NULL,
  name text NOT NULL,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz,
  FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, id)
);
CREATE INDEX ON passkeys (user_id);
CALL fence('passkeys', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE recovery_codes (
  account_id uuid NOT NULL,
  user_id uuid NOT NULL,
  code_hash bytea PRIMARY KEY,
  used_at timestamptz,
  FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, id)
);
CREATE INDEX ON recovery_codes (user_id);
CALL fence('recovery_codes', 'SELECT, INSERT, UPDATE, DELETE');

-- A passkey's answer to a challenge is taken once.
CREATE TABLE used_challenges (
  account_id uuid NOT NULL REFERENCES accounts,
  challenge bytea PRIMARY KEY,
  expires_at timestamptz NOT NULL
);
CALL fence('used_challenges', 'SELECT, INSERT, DELETE');

-- Whoever made a key answers for it: it does no more than they may, and nothing once they are deactivated.
ALTER TABLE api_keys ADD COLUMN made_by uuid;
ALTER TABLE api_keys ADD FOREIGN KEY (account_id, made_by) REFERENCES users (account_id, id);
CREATE INDEX ON api_keys (made_by) WHERE made_by IS NOT NULL;

DROP FUNCTION account_of_api_key(bytea);
CREATE FUNCTION account_of_api_key(hash bytea)
  RETURNS TABLE (account_id uuid, key_id uuid, permissions text[], expires_at timestamptz, allowed_networks text[],
                 maker_role text, maker_permissions text[])
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT k.account_id, k.id, k.permissions, k.expires_at, k.allowed_networks::text[], u.role, u.permissions
        FROM api_keys k LEFT JOIN users u ON u.account_id = k.account_id AND u.id = k.made_by
       WHERE k.secret_hash = hash AND k.revoked_at IS NULL AND u.deactivated_at IS NULL $$;

-- Who is signing in is asked before an account is known. Each answers exactly that, from a keyed hash or a credential's id.
CREATE FUNCTION account_of_invitation(hash bytea) RETURNS TABLE (account_id uuid, user_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT i.account_id, i.user_id FROM invitations i WHERE i.token_hash = hash AND i.ended_at IS NULL $$;

CREATE FUNCTION account_of_passkey(credential bytea) RETURNS TABLE (account_id uuid, user_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT p.account_id, p.user_id FROM passkeys p JOIN users u ON u.account_id = p.account_id AND u.id = p.user_id
       WHERE p.credential_id = credential AND u.accepted_at IS NOT NULL AND u.deactivated_at IS NULL $$;

CREATE FUNCTION accounts_of_email(lookup bytea) RETURNS TABLE (account_id uuid, user_id uuid, password_hash text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT u.account_id, u.id, u.password_hash FROM users u
       WHERE u.email_lookup = lookup AND u.accepted_at IS NOT NULL AND u.deactivated_at IS NULL
         AND u.password_hash IS NOT NULL AND u.totp_sealed IS NOT NULL $$;

REVOKE EXECUTE ON FUNCTION account_of_api_key(bytea), account_of_invitation(bytea), account_of_passkey(bytea),
  accounts_of_email(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION account_of_api_key(bytea), account_of_invitation(bytea), account_of_passkey(bytea),
  accounts_of_email(bytea) TO waxwing_app;
