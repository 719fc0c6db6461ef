-- How much of each day of UTC stands in the chain of an account, counted where entries get their places: a chart of a year
-- reads as many rows as it has days, however much happened on them.

CREATE TABLE audit_days (
  account_id uuid NOT NULL REFERENCES accounts,
  day date NOT NULL,
  entries bigint NOT NULL,
  refused bigint NOT NULL,
  PRIMARY KEY (account_id, day)
);
CALL fence('audit_days', 'SELECT');

INSERT INTO audit_days (account_id, day, entries, refused)
SELECT e.account_id, (e.at AT TIME ZONE 'UTC')::date, count(*), count(*) FILTER (WHERE e.outcome <> 'done')
  FROM audit_chain c JOIN audit_entries e ON e.id = c.entry_id
 GROUP BY 1, 2;

-- With its owner's rights: no role of the program writes a count.
CREATE FUNCTION count_chained_entries() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO audit_days AS d (account_id, day, entries, refused)
  SELECT e.account_id, (e.at AT TIME ZONE 'UTC')::date, count(*), count(*) FILTER (WHERE e.outcome <> 'done')
    FROM placed p JOIN audit_entries e ON e.id = p.entry_id
   GROUP BY 1, 2
  ON CONFLICT (account_id, day) DO UPDATE SET entries = d.entries + excluded.entries, refused = d.refused + excluded.refused;
  RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION count_chained_entries() FROM PUBLIC;
CREATE TRIGGER count_by_day AFTER INSERT ON audit_chain
  REFERENCING NEW TABLE AS placed FOR EACH STATEMENT EXECUTE FUNCTION count_chained_entries();
