-- What an account chooses for the judging of its hits.
ALTER TABLE account_settings
  ADD COLUMN disabled_rules text[] NOT NULL DEFAULT '{}',
  ADD COLUMN learn_scanner_habits boolean NOT NULL DEFAULT true,
  ADD COLUMN honeypot_links boolean NOT NULL DEFAULT false,
  -- Addresses and agents of hits: null for as long as the event, 0 dropped at once, else unreadable after so many days.
  ADD COLUMN keep_request_days integer CHECK (keep_request_days BETWEEN 0 AND 3650);
