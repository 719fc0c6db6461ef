-- Mail that policy kept back, let go for one recipient with less protection than was asked: who, why, until when. A row
-- never changes; with its message's key the reason becomes unreadable.
CREATE TABLE transport_releases (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  message_id uuid NOT NULL REFERENCES messages,
  recipient_id uuid NOT NULL REFERENCES recipients,
  transport text NOT NULL CHECK (transport IN ('plain', 'opportunistic')),
  reason_sealed bytea NOT NULL,
  released_at timestamptz NOT NULL,
  released_by_kind text NOT NULL,
  released_by_id text NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX ON transport_releases (account_id, recipient_id, released_at);
CALL fence('transport_releases', 'SELECT, INSERT');
CREATE POLICY own_departments ON transport_releases AS RESTRICTIVE FOR SELECT TO waxwing_app, waxwing_reader
  USING ((SELECT current_departments()) IS NULL OR is_message_reached(message_id));
