-- The queue shared fairly: which mail goes first, whose turn it is, who works on what, what people hold back, and what
-- destinations said lately. No statement of delivery walks further through it than it takes.

-- priority: 0 transactional, 1 marketing. A worker that takes a recipient says so, so that waiting and being worked on
-- can be told apart.
ALTER TABLE deliveries
  ADD COLUMN campaign_id bigint NOT NULL DEFAULT 0, -- 0: no campaign
  ADD COLUMN is_leased boolean NOT NULL DEFAULT false;

DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (priority, due_at) WHERE held_because IS NULL;
CREATE INDEX deliveries_lane ON deliveries (priority, account_id, campaign_id, due_at) WHERE held_because IS NULL;
CREATE INDEX deliveries_destination ON deliveries (account_id, domain_id, recipient_id);
CREATE INDEX deliveries_held ON deliveries (account_id, campaign_id, recipient_id) WHERE held_because IS NOT NULL;

-- What people hold back: all mail to a destination or of a campaign, also what comes later. Exactly one of both is set.
CREATE TABLE queue_holds (
  account_id uuid NOT NULL REFERENCES accounts,
  domain_id bigint NOT NULL,   -- 0: of a campaign
  campaign_id bigint NOT NULL, -- 0: of a destination
  placed_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, domain_id, campaign_id),
  CHECK ((domain_id = 0) <> (campaign_id = 0))
);
CALL fence('queue_holds', 'SELECT, INSERT, DELETE');
GRANT SELECT ON queue_holds TO waxwing_worker;
CREATE POLICY every_account ON queue_holds FOR SELECT TO waxwing_worker USING (true);

-- The processes that deliver, each until its word ends: what a destination takes at once is divided among them.
CREATE TABLE delivery_workers (
  id uuid PRIMARY KEY,
  until timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON delivery_workers TO waxwing_worker;

-- What each of them saw of a destination lately; it goes when nothing was seen for an hour.
CREATE TABLE destination_paces (
  account_id uuid NOT NULL REFERENCES accounts,
  domain_id bigint NOT NULL,
  worker_id uuid NOT NULL,
  seen_at timestamptz NOT NULL,
  in_flight integer NOT NULL,
  at_most integer NOT NULL,               -- copies at once, as its answers allow
  paused_until timestamptz,
  delivered_per_minute integer NOT NULL,
  last_outcome text NOT NULL CHECK (last_outcome IN ('delivered', 'deferred', 'bounced')),
  last_why text NOT NULL,                 -- a code of ours, no reply text
  last_reply_code integer,
  PRIMARY KEY (account_id, domain_id, worker_id)
);
CALL fence('destination_paces', 'SELECT');
GRANT SELECT, INSERT, UPDATE, DELETE ON destination_paces TO waxwing_worker;
CREATE POLICY every_account ON destination_paces TO waxwing_worker USING (true);

-- Campaigns of an account that have mail due, from the one behind `after` on and round again. It hops from campaign to
-- campaign and looks at no more than 64, so that many planned ones cost little.
CREATE FUNCTION account_campaigns_due(of_priority smallint, of_account uuid, after bigint, at_most integer, at timestamptz)
  RETURNS SETOF bigint LANGUAGE plpgsql STABLE ROWS 8 SET search_path = public, pg_temp AS $$
DECLARE
  campaign bigint := after;
  is_round boolean := after < 0;
  given integer := 0;
BEGIN
  FOR n IN 1..64 LOOP
    SELECT d.campaign_id INTO campaign FROM deliveries d
     WHERE d.held_because IS NULL AND d.priority = of_priority AND d.account_id = of_account AND d.campaign_id > campaign
     ORDER BY d.campaign_id LIMIT 1;
    IF campaign IS NULL AND NOT is_round THEN
      is_round := true;
      campaign := -1;
      CONTINUE;
    END IF;
    EXIT WHEN campaign IS NULL OR (is_round AND after >= 0 AND campaign > after);
    IF EXISTS (SELECT FROM deliveries d WHERE d.held_because IS NULL AND d.priority = of_priority
                  AND d.account_id = of_account AND d.campaign_id = campaign AND d.due_at <= at) THEN
      RETURN NEXT campaign;
      given := given + 1;
      EXIT WHEN given = at_most;
    END IF;
  END LOOP;
END $$;
