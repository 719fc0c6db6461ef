-- Domains of single sign-on count once the DNS shows whose they are. And what waits for its place in the audit chain
-- leaves the queue by getting that place, and in no other way.

ALTER TABLE sso_domains
  ADD COLUMN claimed_at timestamptz NOT NULL DEFAULT now(),
  -- Seen in the DNS. Null: it leads nobody anywhere.
  ADD COLUMN proved_at timestamptz,
  -- Since when a proved one was no longer seen there.
  ADD COLUMN lost_at timestamptz,
  ADD COLUMN checked_at timestamptz,
  ADD COLUMN last_seen text CHECK (last_seen IN ('right', 'wrong', 'missing', 'unanswered', 'claimed')),
  ADD CHECK (lost_at IS NULL OR proved_at IS NOT NULL);
-- Whoever shows that it is theirs has it alone.
CREATE UNIQUE INDEX sso_domains_owner ON sso_domains (domain_lookup) WHERE proved_at IS NOT NULL;
GRANT UPDATE ON sso_domains TO waxwing_app;

CREATE OR REPLACE FUNCTION sso_connections_of_domain(lookup bytea) RETURNS TABLE (account_id uuid, connection_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT d.account_id, d.connection_id FROM sso_domains d
        JOIN sso_connections c ON c.account_id = d.account_id AND c.id = d.connection_id
       WHERE d.domain_lookup = lookup AND d.proved_at IS NOT NULL AND c.is_enabled $$;

-- With its owner's rights: no role of the program can take an entry out of the queue and leave it without a place.
CREATE FUNCTION settle_chained_entries() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM audit_waiting w USING placed p WHERE w.account_id = p.account_id AND w.entry_id = p.entry_id;
  RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION settle_chained_entries() FROM PUBLIC;
CREATE TRIGGER settle_queue AFTER INSERT ON audit_chain
  REFERENCING NEW TABLE AS placed FOR EACH STATEMENT EXECUTE FUNCTION settle_chained_entries();
REVOKE DELETE ON audit_waiting FROM waxwing_worker;

-- One index does for both: entries are asked for by account.
ALTER TABLE audit_waiting DROP CONSTRAINT audit_waiting_pkey;
ALTER TABLE audit_waiting ADD PRIMARY KEY (account_id, entry_id);
DROP INDEX audit_waiting_account_id_entry_id_idx;
