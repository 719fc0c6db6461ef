-- Recipients who unsubscribed by the link of their copy: when, counted in reports, and on the suppression list.

ALTER TABLE recipient_states ADD COLUMN unsubscribed_at timestamptz;

ALTER TABLE account_settings
  ADD COLUMN one_click_unsubscribe boolean NOT NULL DEFAULT true,
  ADD COLUMN feedback_id text NOT NULL DEFAULT 'opaque' CHECK (feedback_id IN ('off', 'opaque', 'named'));

-- Null: the message by which the address was known is erased, and its hash is all that is left to know it by.
ALTER TABLE suppressions ALTER COLUMN address_sealed DROP NOT NULL;

-- What the page of an unsubscribe link says of whom its mail is from; without a row the account's name.
CREATE TABLE unsubscribe_pages (
  account_id uuid PRIMARY KEY REFERENCES accounts,
  organisation text CHECK (length(organisation) BETWEEN 1 AND 100),
  words text CHECK (length(words) BETWEEN 1 AND 1000),
  updated_at timestamptz NOT NULL
);
CALL fence('unsubscribe_pages', 'SELECT, INSERT, UPDATE');
GRANT SELECT ON unsubscribe_pages TO waxwing_worker;
CREATE POLICY every_account ON unsubscribe_pages FOR SELECT TO waxwing_worker USING (true);

ALTER TABLE rollups ADD COLUMN unsubscribed bigint NOT NULL DEFAULT 0;
ALTER TABLE rollup_deltas ADD COLUMN unsubscribed bigint[];
UPDATE rollup_deltas SET unsubscribed = array_fill(0::bigint, ARRAY[cardinality(n)]);
ALTER TABLE rollup_deltas ALTER COLUMN unsubscribed SET NOT NULL;

CREATE OR REPLACE VIEW unfolded_cells WITH (security_invoker = true) AS
  SELECT d.id AS delta_id, d.account_id, c.*
    FROM rollup_deltas d
   CROSS JOIN LATERAL unnest(d.grain, d.day, d.campaign_id, d.key_id,
      d.n, d.delivered, d.bounced, d.deferred,
      d.strict_opened_by_people, d.strict_opened_by_machines, d.strict_clicked_by_people, d.strict_clicked_by_machines,
      d.balanced_opened_by_people, d.balanced_opened_by_machines, d.balanced_clicked_by_people, d.balanced_clicked_by_machines,
      d.lenient_opened_by_people, d.lenient_opened_by_machines, d.lenient_clicked_by_people, d.lenient_clicked_by_machines,
      d.unsubscribed)
     AS c (grain, day, campaign_id, key_id,
      n, delivered, bounced, deferred,
      strict_opened_by_people, strict_opened_by_machines, strict_clicked_by_people, strict_clicked_by_machines,
      balanced_opened_by_people, balanced_opened_by_machines, balanced_clicked_by_people, balanced_clicked_by_machines,
      lenient_opened_by_people, lenient_opened_by_machines, lenient_clicked_by_people, lenient_clicked_by_machines,
      unsubscribed);
