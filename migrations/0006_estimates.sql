-- What the estimate of opens behind a prefetch counts, and by which rulesets hits were judged.

-- Opens that hide whether a person looked too: above 0, the recipient is behind a prefetch.
ALTER TABLE recipient_states ADD COLUMN prefetches integer NOT NULL DEFAULT 0 CHECK (prefetches >= 0);

-- The names of the rulesets that judged an account's hits; public, so in clear. Grain ruleset of the roll-ups counts in
-- its n the hits that each judged, by campaign and day of the recipient's acceptance; key_id is the id given here.
CREATE TABLE rulesets (
  account_id uuid NOT NULL REFERENCES accounts,
  id bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  name text NOT NULL,
  PRIMARY KEY (account_id, name)
);
CALL fence('rulesets', 'SELECT, INSERT');

-- Which re-judging made the change; null for what later hits of a sequence changed.
ALTER TABLE verdict_changes ADD COLUMN run_id uuid;
CREATE INDEX ON verdict_changes (account_id, run_id, id) WHERE run_id IS NOT NULL;

-- What was stored before this file is counted as it would have been.
UPDATE recipient_states s SET prefetches = counted.prefetches
  FROM (SELECT e.recipient_id, count(*) AS prefetches
          FROM verdicts v JOIN events e ON e.occurred_at = v.occurred_at AND e.id = v.event_id
         WHERE v.unknowable AND e.type = 'opened' AND e.recipient_id IS NOT NULL GROUP BY 1) AS counted
 WHERE s.recipient_id = counted.recipient_id;

INSERT INTO rulesets (account_id, name) SELECT DISTINCT account_id, ruleset FROM verdicts ORDER BY 1, 2;
INSERT INTO rollups
SELECT v.account_id, 'ruleset', s.accepted_day, s.campaign_id, r.id, count(*), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
  FROM verdicts v
  JOIN events e ON e.occurred_at = v.occurred_at AND e.id = v.event_id
  JOIN recipient_states s ON s.recipient_id = e.recipient_id
  JOIN rulesets r ON r.account_id = v.account_id AND r.name = v.ruleset
 GROUP BY 1, 3, 4, 5;

-- Grains sender-estimate and domain-estimate: of the cells of grains sender and domain, the recipients that the estimate
-- leans on, by view. delivered: delivered and behind a prefetch. opened_by_people and clicked_by_people: not behind one, a
-- person who loaded the pixel, and of those who clicked too. opened_by_machines and clicked_by_machines: behind one, and
-- yet known as a person who opened, and who clicked. n: all of these.
INSERT INTO rollups
SELECT account_id, grain, accepted_day, campaign_id, key_id, count(*), count(*) FILTER (WHERE behind), 0, 0,
       count(*) FILTER (WHERE NOT behind AND opens & 1 <> 0), count(*) FILTER (WHERE behind AND (opens | clicks) & 1 <> 0),
       count(*) FILTER (WHERE NOT behind AND opens & 1 <> 0 AND clicks & 1 <> 0), count(*) FILTER (WHERE behind AND clicks & 1 <> 0),
       count(*) FILTER (WHERE NOT behind AND opens & 3 <> 0), count(*) FILTER (WHERE behind AND (opens | clicks) & 3 <> 0),
       count(*) FILTER (WHERE NOT behind AND opens & 3 <> 0 AND clicks & 3 <> 0), count(*) FILTER (WHERE behind AND clicks & 3 <> 0),
       count(*) FILTER (WHERE NOT behind AND opens & 7 <> 0), count(*) FILTER (WHERE behind AND (opens | clicks) & 7 <> 0),
       count(*) FILTER (WHERE NOT behind AND opens & 7 <> 0 AND clicks & 7 <> 0), count(*) FILTER (WHERE behind AND clicks & 7 <> 0)
  FROM (SELECT *, prefetches > 0 AS behind FROM recipient_states
         WHERE CASE WHEN prefetches > 0 THEN status = 'delivered' ELSE opens & 7 <> 0 END) AS s
 CROSS JOIN LATERAL (VALUES ('sender-estimate', sender_id), ('domain-estimate', domain_id)) AS cell (grain, key_id)
 GROUP BY 1, 2, 3, 4, 5;
