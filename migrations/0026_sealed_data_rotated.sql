-- What an account's own key sealed moves under its wrapping keys: a rotation seals it anew, and older keys may then go.

ALTER TABLE key_rotations
  -- Messages' keys are all under the new key; what follows are the columns of sealed values, one after the other.
  ADD COLUMN keys_done boolean NOT NULL DEFAULT false,
  ADD COLUMN data_column text,               -- table.column that it is at
  ADD COLUMN data_key text[],                -- the primary key that it has come to there; null: its beginning
  ADD COLUMN resealed bigint NOT NULL DEFAULT 0,
  ADD COLUMN resealed_in_pass bigint NOT NULL DEFAULT 0,
  ADD COLUMN retired_at timestamptz;         -- when the keys before this one were destroyed

GRANT DELETE ON account_keys TO waxwing_app;

-- The columns of a primary key but the account, as they are compared: of $3 or $4, which hold their texts.
CREATE FUNCTION key_of_table(of_table regclass, OUT names text, OUT types text[]) LANGUAGE sql STABLE AS $$
  SELECT coalesce(string_agg(format('t.%I', a.attname), ', ' ORDER BY k.place), 'true'),
         coalesce(array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY k.place), '{}')
    FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
   WHERE i.indrelid = of_table AND i.indisprimary AND a.attname <> 'account_id' $$;

-- Events, audit entries and the like never change, but for this: a value of the own account, under an older key, may be
-- sealed anew under a numbered one. Rows that somebody holds are left for the next pass: it never waits for anybody.
CREATE FUNCTION reseal_values(of_table text, of_column text, first_key text[], last_key text[], was bytea[], becomes bytea[])
  RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  found regclass := to_regclass(format('public.%I', of_table));
  key record;
  low text;
  high text;
  changed integer;
BEGIN
  IF current_account() IS NULL OR of_column NOT LIKE '%\_sealed'
     OR (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = found
            AND ((a.attname = of_column AND a.atttypid = 'bytea'::regtype) OR a.attname = 'account_id')) <> 2
     OR EXISTS (SELECT FROM unnest(becomes) AS b (value) WHERE get_byte(b.value, 0) <> 2) THEN
    RAISE EXCEPTION 'this cannot be sealed anew';
  END IF;
  SELECT * INTO key FROM key_of_table(found);
  SELECT coalesce(string_agg(format('$3[%s]::%s', place, type), ', ' ORDER BY place), 'true'),
         coalesce(string_agg(format('$4[%s]::%s', place, type), ', ' ORDER BY place), 'true')
    INTO low, high FROM unnest(key.types) WITH ORDINALITY AS t (type, place);
  EXECUTE format($query$
    WITH held AS (
      SELECT t.tableoid AS part, t.ctid AS place, n.becomes
        FROM %1$I t JOIN unnest($1, $2) AS n (was, becomes) ON t.%2$I = n.was
       WHERE t.account_id = current_account() AND (%3$s) >= (%4$s) AND (%3$s) <= (%5$s)
         FOR UPDATE OF t SKIP LOCKED)
    UPDATE %1$I t SET %2$I = held.becomes FROM held WHERE t.ctid = held.place AND t.tableoid = held.part
    $query$, of_table, of_column, key.names, low, high) USING was, becomes, first_key, last_key;
  GET DIAGNOSTICS changed = ROW_COUNT;
  RETURN changed;
END $$;
REVOKE EXECUTE ON FUNCTION reseal_values(text, text, text[], text[], bytea[], bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reseal_values(text, text, text[], text[], bytea[], bytea[]) TO waxwing_app;
