/** Counts everything again from the rows that are the truth, and tells where what reports read differs. */
import pg from 'pg';
import { countNames } from '../../src/core/report/cells.ts';

/** Empty when roll-ups equal the states, and states equal the verdicts. Each line is a difference. */
export async function differencesFromRecount(connection: pg.ClientConfig): Promise<string[]> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    const found: string[] = [];
    for (const [name, recount] of Object.entries(recounts)) {
      const { rows } = await client.query(recount);
      found.push(...rows.map((row) => `${name}: ${JSON.stringify(row)}`));
    }
    return found;
  } finally {
    await client.end();
  }
}

const cell = 'account_id, grain, day, campaign_id, key_id';
const counts = countNames.join(', ');

/** In SQL and by the words of the contract, not by the code that is under test. */
const human = { strict: 1, balanced: 3, lenient: 7 } as const;
const viewCounts = (opens: string, impliesOpen: boolean): string =>
  Object.values(human)
    .map((bits) => {
      const clicked = `(clicks & ${bits}) <> 0`;
      const opened = impliesOpen ? `((${opens} & ${bits}) <> 0 OR ${clicked})` : `((${opens} & ${bits}) <> 0)`;
      return `count(*) FILTER (WHERE ${opened}), count(*) FILTER (WHERE ${opens} <> 0 AND NOT ${opened}),
              count(*) FILTER (WHERE ${clicked}), count(*) FILTER (WHERE clicks <> 0 AND NOT ${clicked})`;
    })
    .join(', ');
const statusCounts = ['delivered', 'bounced', 'deferred'].map(
  (status) => `count(*) FILTER (WHERE status = '${status}')`,
);

const states = ['sender', 'domain', 'link-set']
  .map(
    (grain) => `SELECT account_id, '${grain}', accepted_day, campaign_id, ${grain.replace('-', '_')}_id,
      count(*), ${statusCounts.join(', ')}, ${viewCounts('opens', true)}, count(unsubscribed_at), count(complained_at)
      FROM recipient_states GROUP BY 1, 2, 3, 4, 5`,
  )
  .join(' UNION ALL ');

/** From the hits themselves, and each recipient by its own history: not by the states that the program reads. */
const estimates = (): string => {
  const counts = Object.values(human).map(
    (bits) => `
      count(*) FILTER (WHERE prefetches = 0 AND opens & ${bits} <> 0),
      count(*) FILTER (WHERE prefetches > 0 AND (opens & ${bits} <> 0 OR clicks & ${bits} <> 0)),
      count(*) FILTER (WHERE prefetches = 0 AND opens & ${bits} <> 0 AND clicks & ${bits} <> 0),
      count(*) FILTER (WHERE prefetches > 0 AND clicks & ${bits} <> 0)`,
  );
  return ['sender', 'domain']
    .map(
      (grain) => `SELECT account_id, '${grain}-estimate', accepted_day, campaign_id, ${grain}_id, count(*),
        count(*) FILTER (WHERE prefetches > 0), 0, 0, ${counts.join(', ')}, 0, 0
        FROM (SELECT s.account_id, s.accepted_day, s.campaign_id, s.${grain}_id, s.status, sum(h.prefetches) AS prefetches,
                     coalesce(bit_or(h.bit) FILTER (WHERE h.type = 'opened'), 0) AS opens,
                     coalesce(bit_or(h.bit) FILTER (WHERE h.type = 'clicked'), 0) AS clicks
                FROM (${hits}) AS h JOIN recipient_states s USING (recipient_id) GROUP BY s.recipient_id) AS recipient
       WHERE (prefetches > 0 AND status = 'delivered') OR (prefetches = 0 AND opens & 7 <> 0) GROUP BY 1, 2, 3, 4, 5`,
    )
    .join(' UNION ALL ');
};

const bit = `CASE WHEN verdict = 'human' AND strength = 'suspected' THEN 2 WHEN verdict = 'human' THEN 1
                  WHEN strength = 'certain' THEN 8 ELSE 4 END`;
const hits = `SELECT e.account_id, e.recipient_id, e.type, e.occurred_at, e.link_index, ${bit} AS bit, s.campaign_id,
    s.accepted_day, v.ruleset, (v.unknowable AND e.type = 'opened')::int AS prefetches
  FROM events e JOIN verdicts v ON v.occurred_at = e.occurred_at AND v.event_id = e.id
  JOIN recipient_states s ON s.recipient_id = e.recipient_id`;

const quarters = `SELECT account_id, 'quarter', (occurred_at AT TIME ZONE 'UTC')::date, campaign_id,
    floor(extract(epoch FROM occurred_at) / 900)::bigint, count(*), 0, 0, 0, ${viewCounts('opens', false)}, 0, 0
  FROM (SELECT *, CASE type WHEN 'opened' THEN bit ELSE 0 END AS opens, CASE type WHEN 'clicked' THEN bit ELSE 0 END AS clicks
          FROM (${hits}) AS each_hit) AS hit GROUP BY 1, 2, 3, 4, 5`;

const links = `SELECT account_id, 'link', accepted_day, campaign_id, link_id, count(*), 0, 0, 0, ${viewCounts('0', false)}, 0, 0
  FROM link_states WHERE clicks <> 0 GROUP BY 1, 2, 3, 4, 5`;

const rulesets = `SELECT h.account_id, 'ruleset', accepted_day, campaign_id, r.id, count(*), 0, 0, 0, ${viewCounts('0', false).replaceAll('clicks', '0')}, 0, 0
  FROM (${hits}) AS h LEFT JOIN rulesets r ON r.account_id = h.account_id AND r.name = h.ruleset GROUP BY 1, 2, 3, 4, 5`;

const kinds = (type: string, prefix: string): string =>
  Object.entries({ human: 1, suspected: 2, probable: 4, certain: 8 })
    .map(([kind, value]) => `count(*) FILTER (WHERE type = '${type}' AND bit = ${value}) AS ${prefix}_${kind}`)
    .join(', ');

/** Cells of a department are cells of its campaigns' numbers: state, message and number must name the same one. */
const foreignCampaigns = `
  SELECT s.recipient_id, m.department_id AS of_message, d.department_id AS of_cells
    FROM recipient_states s
    JOIN messages m ON m.id = s.message_id
    LEFT JOIN dimensions d ON d.account_id = s.account_id AND d.id = s.campaign_id
   WHERE m.department_id IS DISTINCT FROM d.department_id OR m.campaign_id <> s.campaign_id`;

const recounts = {
  'departments of cells are not those of messages': foreignCampaigns,
  'roll-ups are not the states': `
    WITH kept AS (SELECT ${cell}, ${countNames.map((name) => `sum(${name})::bigint AS ${name}`).join(', ')}
                    FROM (SELECT ${cell}, ${counts} FROM rollups UNION ALL SELECT ${cell}, ${counts} FROM unfolded_cells) AS all_cells
                   WHERE grain <> 'anonymous' GROUP BY ${cell}),
         truth (${cell}, ${counts}) AS (${[states, links, quarters, rulesets, estimates()].join(' UNION ALL ')}),
         told AS (SELECT * FROM kept WHERE (${counts}) <> (${countNames.map(() => 0).join(', ')}))
    (SELECT 'kept' AS side, * FROM (SELECT * FROM told EXCEPT SELECT * FROM truth) AS extra)
    UNION ALL (SELECT 'truth' AS side, * FROM (SELECT * FROM truth EXCEPT SELECT * FROM told) AS missing)`,
  'states are not the verdicts': `
    WITH truth AS (SELECT recipient_id, ${kinds('opened', 'opens')}, ${kinds('clicked', 'clicks')},
                          sum(prefetches)::int AS prefetches FROM (${hits}) AS hit GROUP BY 1)
    SELECT s.recipient_id FROM recipient_states s LEFT JOIN truth t USING (recipient_id)
     WHERE (s.opens_human, s.opens_suspected, s.opens_probable, s.opens_certain,
            s.clicks_human, s.clicks_suspected, s.clicks_probable, s.clicks_certain, s.prefetches)
        <> (coalesce(t.opens_human, 0), coalesce(t.opens_suspected, 0), coalesce(t.opens_probable, 0), coalesce(t.opens_certain, 0),
            coalesce(t.clicks_human, 0), coalesce(t.clicks_suspected, 0), coalesce(t.clicks_probable, 0), coalesce(t.clicks_certain, 0),
            coalesce(t.prefetches, 0))`,
  'complaints are not those that came': `
    SELECT recipient_id, s.complained_at, e.first_at
      FROM (SELECT recipient_id, complained_at FROM recipient_states WHERE complained_at IS NOT NULL) AS s
      FULL JOIN (SELECT recipient_id, min(occurred_at) AS first_at FROM events WHERE type = 'complained' GROUP BY 1) AS e USING (recipient_id)
     WHERE s.complained_at IS DISTINCT FROM e.first_at`,
  'link states are not the clicks': `
    SELECT s.recipient_id, s.kept, t.truth
      FROM (SELECT recipient_id, sum(clicks_human + clicks_suspected + clicks_probable + clicks_certain) AS kept FROM link_states GROUP BY 1) AS s
      FULL JOIN (SELECT recipient_id, count(*) AS truth FROM (${hits}) AS hit WHERE type = 'clicked' AND link_index BETWEEN 0 AND 2 GROUP BY 1) AS t
        USING (recipient_id)
     WHERE s.kept IS DISTINCT FROM t.truth`,
};
