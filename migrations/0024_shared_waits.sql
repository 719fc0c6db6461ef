-- Failed tries, counted over all processes and restarts: of sign-in by address and by user, of API keys by address.
-- They are asked for before an account is known, so they belong to none; who tried is a keyed hash and nothing else.

CREATE TABLE failed_tries (
  who bytea PRIMARY KEY CHECK (length(who) = 16),
  failures integer NOT NULL CHECK (failures >= 0),
  last_at timestamptz NOT NULL
);
CREATE INDEX ON failed_tries (last_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON failed_tries TO waxwing_worker;
