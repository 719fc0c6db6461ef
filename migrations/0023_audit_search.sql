-- What entries of the audit log say beside who, what and when: the department of whoever acted, the reason, and the address
-- from which they acted. And indexes for looking for entries: each gives the newest first without reading more than it shows.

ALTER TABLE audit_entries
  -- Which fields the chain's hash covers; entries from before this have format 1 and none of the columns below.
  ADD COLUMN format smallint NOT NULL DEFAULT 1,
  ADD COLUMN department_id uuid,
  ADD COLUMN reason_kind text,
  ADD COLUMN reason_id text,
  -- With the salt of its commitment, under the account's key.
  ADD COLUMN address_sealed bytea,
  -- What the chain covers of it, so that it still fits when nobody can open the address any more.
  ADD COLUMN address_commitment bytea,
  ADD CHECK ((address_sealed IS NULL) = (address_commitment IS NULL)),
  ADD CHECK (address_commitment IS NULL OR length(address_commitment) = 32);
ALTER TABLE audit_entries ALTER COLUMN format SET DEFAULT 2;

-- Ids sort by the time they were given (UUID version 7), so that each index is in order of time behind its column.
DROP INDEX audit_entries_account_id_at_id_idx;
CREATE INDEX ON audit_entries (account_id, id);
CREATE INDEX ON audit_entries (account_id, actor_id, id);
CREATE INDEX ON audit_entries (account_id, action, id);
CREATE INDEX ON audit_entries (account_id, object_kind, id);
CREATE INDEX ON audit_entries (account_id, object_id, id) WHERE object_id IS NOT NULL;
CREATE INDEX ON audit_entries (account_id, department_id, id) WHERE department_id IS NOT NULL;
CREATE INDEX ON audit_entries (account_id, id) WHERE outcome <> 'done';
