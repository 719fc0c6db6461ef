-- Domains that mail is sent from: who showed that a domain is theirs, the keys its mail is signed with, what its DNS said
-- last. And recipients who want no more mail, as the tracking host was told.

CREATE TABLE sender_domains (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  domain text NOT NULL CHECK (domain ~ '^[a-z0-9_-]+(\.[a-z0-9_-]+)+$' AND length(domain) <= 253),
  -- What its owner publishes to show that it is theirs.
  proof text NOT NULL,
  created_at timestamptz NOT NULL,
  verified_at timestamptz,
  checked_at timestamptz,
  -- Of the last look: each record with what was seen of it. Public data, and sentences of the program's own.
  report jsonb,
  UNIQUE (account_id, domain),
  UNIQUE (account_id, id)
);
-- Whoever shows that it is theirs has it alone.
CREATE UNIQUE INDEX sender_domains_owner ON sender_domains (domain) WHERE verified_at IS NOT NULL;
CREATE INDEX ON sender_domains (checked_at);
CALL fence('sender_domains', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE dkim_keys (
  account_id uuid NOT NULL,
  id uuid PRIMARY KEY,
  domain_id uuid NOT NULL,
  selector text NOT NULL CHECK (selector ~ '^[a-z0-9-]{1,63}$'),
  algorithm text NOT NULL CHECK (algorithm IN ('rsa-sha256', 'ed25519-sha256')),
  public_key text NOT NULL,
  private_key_sealed bytea NOT NULL, -- PKCS #8, under the account's key
  created_at timestamptz NOT NULL,
  seen_at timestamptz,               -- first seen in the DNS: from then on it signs
  retired_at timestamptz,            -- another took its place; it goes some days later
  UNIQUE (account_id, domain_id, selector),
  FOREIGN KEY (account_id, domain_id) REFERENCES sender_domains (account_id, id) ON DELETE CASCADE
);
CREATE INDEX ON dkim_keys (domain_id);
CALL fence('dkim_keys', 'SELECT, INSERT, UPDATE, DELETE');
