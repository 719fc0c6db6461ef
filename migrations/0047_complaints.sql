-- Recipients who called a message unwanted, as their providers tell (RFC 5965): when first, and counted in roll-ups beside those
-- who unsubscribed. What came before this is counted from the events that there are.

ALTER TABLE recipient_states ADD COLUMN complained_at timestamptz;

ALTER TABLE rollups ADD COLUMN complained bigint NOT NULL DEFAULT 0;
ALTER TABLE rollup_deltas ADD COLUMN complained bigint[];
UPDATE rollup_deltas SET complained = array_fill(0::bigint, ARRAY[cardinality(n)]);
ALTER TABLE rollup_deltas ALTER COLUMN complained SET NOT NULL;

CREATE OR REPLACE VIEW unfolded_cells WITH (security_invoker = true) AS
  SELECT d.id AS delta_id, d.account_id, c.*
    FROM rollup_deltas d
   CROSS JOIN LATERAL unnest(d.grain, d.day, d.campaign_id, d.key_id,
      d.n, d.delivered, d.bounced, d.deferred,
      d.strict_opened_by_people, d.strict_opened_by_machines, d.strict_clicked_by_people, d.strict_clicked_by_machines,
      d.balanced_opened_by_people, d.balanced_opened_by_machines, d.balanced_clicked_by_people, d.balanced_clicked_by_machines,
      d.lenient_opened_by_people, d.lenient_opened_by_machines, d.lenient_clicked_by_people, d.lenient_clicked_by_machines,
      d.unsubscribed, d.complained)
     AS c (grain, day, campaign_id, key_id,
      n, delivered, bounced, deferred,
      strict_opened_by_people, strict_opened_by_machines, strict_clicked_by_people, strict_clicked_by_machines,
      balanced_opened_by_people, balanced_opened_by_machines, balanced_clicked_by_people, balanced_clicked_by_machines,
      lenient_opened_by_people, lenient_opened_by_machines, lenient_clicked_by_people, lenient_clicked_by_machines,
      unsubscribed, complained);

UPDATE recipient_states s SET complained_at = e.first_at
  FROM (SELECT recipient_id, min(occurred_at) AS first_at FROM events WHERE type = 'complained' GROUP BY 1) AS e
 WHERE s.recipient_id = e.recipient_id;

-- One change of roll-ups for each account, which the fold takes as it takes all others.
INSERT INTO rollup_deltas (account_id, grain, day, campaign_id, key_id, n, delivered, bounced, deferred, strict_opened_by_people, strict_opened_by_machines, strict_clicked_by_people, strict_clicked_by_machines, balanced_opened_by_people, balanced_opened_by_machines, balanced_clicked_by_people, balanced_clicked_by_machines, lenient_opened_by_people, lenient_opened_by_machines, lenient_clicked_by_people, lenient_clicked_by_machines, unsubscribed, complained)
SELECT account_id, array_agg(grain), array_agg(day), array_agg(campaign_id), array_agg(key_id),
         array_fill(0::bigint, ARRAY[count(*)::int]),
         array_fill(0::bigint, ARRAY[count(*)::int]),
         array_fill(0::bigint, ARRAY[count(*)::int]),
         array_fill(0::bigint, ARRAY[count(*)::int]),
         array_fill(0::bigint, ARRAY[count(*)::int]),
         array_fill(0::bigint, ARRAY[count(*)::int]),
         array_fill(0::bigint, ARRAY[count(*)::int]),
         array_fill(0::bigint, ARRAY[count(*)::int]),
         array_fill(0::bigint, ARRAY[count(*)::int]),
         array_fill(0::bigint, ARRAY[count(*)::int]),
         array_fill(0::bigint, ARRAY[count(*)::int]),
         array_fill(0::bigint, ARRAY[count(*)::int]),
         array_fill(0::bigint, ARRAY[count(*)::int]),
         array_fill(0::bigint, ARRAY[count(*)::int]),
         array_fill(0::bigint, ARRAY[count(*)::int]),
         array_fill(0::bigint, ARRAY[count(*)::int]),
         array_fill(0::bigint, ARRAY[count(*)::int]),
         array_agg(complained)
  FROM (SELECT s.account_id, c.grain, s.accepted_day AS day, s.campaign_id, c.key_id, count(*) AS complained
          FROM recipient_states s
         CROSS JOIN LATERAL (VALUES ('sender', s.sender_id), ('domain', s.domain_id), ('link-set', s.link_set_id)) AS c (grain, key_id)
         WHERE s.complained_at IS NOT NULL GROUP BY 1, 2, 3, 4, 5) AS cells
 GROUP BY account_id;
