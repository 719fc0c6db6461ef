-- Lists of networks as their publishers give them, kept once for the whole installation. They are public facts and belong
-- to no account, so there is no fence; only the worker role reaches them.

CREATE TABLE network_lists (
  name text PRIMARY KEY,
  -- Counts up with every content and every confirmation; whoever judges compares it with what he has loaded.
  revision bigint NOT NULL DEFAULT 0,
  -- Prefixes by class, as JSON, deflated; null until a first list was taken in.
  content bytea,
  prefixes integer NOT NULL DEFAULT 0,
  -- Where the content came from: a URL without its query, or the word import.
  source text,
  etag text,
  last_modified text,
  -- Given, or confirmed as unchanged, by its source.
  fetched_at timestamptz,
  -- What is asked, when last, when next, and by whom nobody else may ask meanwhile.
  asked_url text,
  checked_at timestamptz,
  due_at timestamptz NOT NULL,
  claimed_until timestamptz,
  failures integer NOT NULL DEFAULT 0,
  refusal_code text,
  refusal_text text,
  refused_at timestamptz
);
GRANT SELECT, INSERT, UPDATE ON network_lists TO waxwing_worker;
