/** The recipients of the report benchmark, made by arithmetic so that every run stores the same. */

/** What was seen of a recipient, in twelve ways: first and other kind of opens, first and other kind of clicks. */
const ways = [
  [1, 1, 1, 1],
  [8, 8, 8, 8],
  [8, 1, 1, 1],
  [4, 4, 8, 8],
  [2, 2, 2, 2],
  [8, 8, 1, 1],
  [1, 8, 8, 1],
  [4, 8, 4, 8],
  [2, 1, 1, 2],
  [8, 4, 2, 8],
  [1, 1, 8, 8],
  [2, 8, 4, 1],
] as const;

const wayColumn = (place: 0 | 1 | 2 | 3): string =>
  `(ARRAY[${ways.map((way) => way[place]).join(', ')}])[1 + (number / 2) % 12]`;

/**
 * Parameters: first and last recipient, account, campaigns, domains, sender, links, link set, now. Every fifth recipient
 * is of the giant campaign, sent over three days; the others follow each other over twenty.
 */
export const stateShape = `
  CREATE UNLOGGED TABLE fresh AS
  SELECT number, $3::uuid AS account_id,
         ('00000000-0000-7000-8000-' || lpad(to_hex(number), 12, '0'))::uuid AS recipient_id,
         ('00000000-0000-7000-9000-' || lpad(to_hex(number / 1000), 12, '0'))::uuid AS message_id,
         accepted_at, (accepted_at AT TIME ZONE 'UTC')::date AS accepted_day, is_giant,
         ($4::bigint[])[CASE WHEN is_giant THEN 1 ELSE 2 + number / 5000 END] AS campaign_id,
         ($5::bigint[])[1 + floor(1000 * power((number * 7919 % 100003) / 100003.0, 3))::int] AS domain_id,
         $6::bigint AS sender_id, $8::bigint AS link_set_id,
         CASE WHEN number % 100 < 96 THEN 'delivered' WHEN number % 100 < 99 THEN 'bounced' ELSE 'deferred' END AS status,
         number % 2 = 0 AS is_seen,
         ${wayColumn(0)} AS open_bit, ${wayColumn(1)} AS other_open_bit, ${wayColumn(2)} AS click_bit, ${wayColumn(3)} AS other_click_bit,
         (1 + number % 10)::int AS link, (1 + (number + 3) % 10)::int AS other_link,
         ($7::bigint[])[1 + number % 10] AS link_id, ($7::bigint[])[1 + (number + 3) % 10] AS other_link_id
    FROM (SELECT number, number % 5 = 0 AS is_giant,
                 date_trunc('day', $9::timestamptz) - interval '22 days'
                   + CASE WHEN number % 5 = 0 THEN make_interval(days => (number / 5 % 3)::int, secs => number % 80000)
                          ELSE make_interval(secs => number * 0.69) END AS accepted_at
            FROM generate_series($1::bigint, $2::bigint - 1) AS number) AS numbered`;
