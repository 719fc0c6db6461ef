-- Routes that an account's mail goes out by, the rules that choose one, and how the relays are doing.

-- JSON: name, kind, relays with their logins, addresses of ours, the name that is said.
CREATE TABLE mail_routes (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  settings_sealed bytea NOT NULL,
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  UNIQUE (account_id, id)
);
CALL fence('mail_routes', 'SELECT, INSERT, UPDATE, DELETE');

-- The first that fits in all it asks for decides. A domain of one's own can name a person, so domains are sealed.
CREATE TABLE mail_route_rules (
  account_id uuid NOT NULL,
  id uuid PRIMARY KEY,
  place integer NOT NULL,
  route_id uuid NOT NULL,
  department_id uuid,
  message_class text CHECK (message_class IN ('transactional', 'marketing')),
  domains_sealed bytea NOT NULL,
  UNIQUE (account_id, place),
  FOREIGN KEY (account_id, route_id) REFERENCES mail_routes (account_id, id),
  FOREIGN KEY (account_id, department_id) REFERENCES departments (account_id, id)
);
CREATE INDEX ON mail_route_rules (account_id, route_id);
CREATE INDEX ON mail_route_rules (account_id, department_id);
CALL fence('mail_route_rules', 'SELECT, INSERT, DELETE');

-- What each process saw of a relay lately, by a number of the relay's: neither its name nor whose it is. Gone after an hour.
CREATE TABLE relay_states (
  relay_id uuid NOT NULL,
  worker_id uuid NOT NULL,
  told_at timestamptz NOT NULL,
  state text NOT NULL CHECK (state IN ('working', 'resting', 'probing')),
  answered_at timestamptz,
  failing_since timestamptz,
  last_why text,            -- a code of ours, no reply text
  rests_until timestamptz,
  PRIMARY KEY (relay_id, worker_id)
);
CREATE INDEX ON relay_states (told_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON relay_states TO waxwing_worker;
