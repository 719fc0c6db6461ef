-- What a directory says of users and groups over SCIM (RFC 7643), and what its groups mean here. Names and addresses are
-- sealed under the account's key; equal ones are found by keyed hashes.

CREATE TABLE provisioning (
  account_id uuid PRIMARY KEY REFERENCES accounts,
  -- Of who is in no mapped group. A directory makes owners only by a group that an owner mapped.
  default_role text NOT NULL DEFAULT 'viewer' CHECK (default_role IN ('admin', 'compliance', 'sender', 'viewer')),
  without_group text NOT NULL DEFAULT 'default_role' CHECK (without_group IN ('default_role', 'deactivate')),
  heard_at timestamptz
);
CALL fence('provisioning', 'SELECT, INSERT, UPDATE');

-- Beside a user: what the directory calls them. A user without a row was never written by a directory.
CREATE TABLE provisioned_users (
  account_id uuid NOT NULL,
  user_id uuid PRIMARY KEY,
  -- The attributes that are kept, as JSON.
  attributes_sealed bytea NOT NULL,
  -- As users.email_index: unique in the account.
  user_name_index bytea NOT NULL,
  -- Of every address, not only the one that the user signs in as.
  email_indexes bytea[] NOT NULL,
  external_id_index bytea,
  -- The role that groups gave last; null: the role is from elsewhere.
  role_given text CHECK (role_given IN ('owner', 'admin', 'compliance', 'sender', 'viewer')),
  -- Losing the last mapped group deactivated the user, and nobody else.
  is_out_by_groups boolean NOT NULL DEFAULT false,
  changed_at timestamptz NOT NULL,
  -- For the directory the user is gone. Provisioning the same userName again brings the same user back.
  deleted_at timestamptz,
  UNIQUE (account_id, user_name_index),
  UNIQUE (account_id, user_id),
  FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, id)
);
CREATE INDEX ON provisioned_users (account_id, external_id_index) WHERE external_id_index IS NOT NULL;
CREATE INDEX ON provisioned_users USING gin (email_indexes);
CALL fence('provisioned_users', 'SELECT, INSERT, UPDATE');
-- Pages are in this order.
CREATE INDEX ON users (account_id, created_at, id);

CREATE TABLE provisioned_groups (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  -- displayName and externalId, as JSON.
  attributes_sealed bytea NOT NULL,
  name_index bytea NOT NULL,
  external_id_index bytea,
  role text CHECK (role IN ('owner', 'admin', 'compliance', 'sender', 'viewer')),
  department_id uuid,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  UNIQUE (account_id, id),
  UNIQUE (account_id, name_index),
  FOREIGN KEY (account_id, department_id) REFERENCES departments (account_id, id) ON DELETE SET NULL (department_id)
);
CREATE INDEX ON provisioned_groups (account_id, created_at, id);
CREATE INDEX ON provisioned_groups (account_id, external_id_index) WHERE external_id_index IS NOT NULL;
CREATE INDEX ON provisioned_groups (account_id, department_id) WHERE department_id IS NOT NULL;
CALL fence('provisioned_groups', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE provisioned_members (
  account_id uuid NOT NULL,
  group_id uuid NOT NULL,
  user_id uuid NOT NULL,
  PRIMARY KEY (account_id, group_id, user_id),
  FOREIGN KEY (account_id, group_id) REFERENCES provisioned_groups (account_id, id) ON DELETE CASCADE,
  FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, id)
);
CREATE INDEX ON provisioned_members (account_id, user_id);
CALL fence('provisioned_members', 'SELECT, INSERT, DELETE');

-- The last refusals, by code: what a directory gets wrong is seen in the console. Nothing of what it sent.
CREATE TABLE provisioning_faults (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  at timestamptz NOT NULL,
  request text NOT NULL,
  code text NOT NULL
);
CREATE INDEX ON provisioning_faults (account_id, at DESC, id DESC);
CALL fence('provisioning_faults', 'SELECT, INSERT, DELETE');
