-- Mail belongs to a department or to the account itself, people and keys may be narrowed to a department and all below it,
-- and departments have policies of their own. A transaction of somebody narrowed says so in the setting
-- waxwing.departments, and sees no message of any other department, whatever its query forgot.

-- What a department says itself; null: as the departments above it and the account say.
ALTER TABLE departments
  ADD COLUMN minimum_transport text CHECK (minimum_transport IN ('plain', 'opportunistic', 'verified', 'authenticated')),
  ADD COLUMN require_verified_sender boolean,
  ADD COLUMN tracking_level text CHECK (tracking_level IN ('off', 'anonymous', 'identified')),
  ADD COLUMN track_opens boolean,
  ADD COLUMN track_clicks boolean,
  ADD COLUMN track_plain_text boolean,
  ADD COLUMN honeypot_links boolean;

-- Whoever is narrowed and in no department, as a directory may leave them, reaches nothing.
ALTER TABLE users ADD COLUMN reach text NOT NULL DEFAULT 'account' CHECK (reach IN ('account', 'department'));

ALTER TABLE api_keys
  ADD COLUMN department_id uuid,
  ADD FOREIGN KEY (account_id, department_id) REFERENCES departments (account_id, id);

ALTER TABLE messages
  ADD COLUMN department_id uuid, -- null: the account itself
  ADD FOREIGN KEY (account_id, department_id) REFERENCES departments (account_id, id);
CREATE INDEX ON messages (account_id, department_id, accepted_at DESC, id DESC) WHERE department_id IS NOT NULL;

-- A campaign as one department sends it has a number of its own, so that every roll-up cell, which has a campaign's number,
-- tells its department too. base_id: the campaign's number in the account; 0: no campaign.
ALTER TABLE dimensions
  ADD COLUMN department_id uuid,
  ADD COLUMN base_id bigint,
  ADD CHECK ((department_id IS NULL) = (base_id IS NULL) AND (department_id IS NULL OR kind = 'campaign')),
  ADD FOREIGN KEY (account_id, department_id) REFERENCES departments (account_id, id);
CREATE INDEX ON dimensions (account_id, department_id) WHERE department_id IS NOT NULL;
CREATE INDEX ON dimensions (account_id, base_id) WHERE department_id IS NOT NULL;

-- A department and all below it. Of no department: none.
CREATE FUNCTION departments_below(account uuid, top uuid) RETURNS uuid[] LANGUAGE sql STABLE
  SET search_path = public, pg_temp
AS $$
  WITH RECURSIVE below AS (
    SELECT d.id, 1 AS depth FROM departments d WHERE d.account_id = account AND d.id = top
    UNION ALL
    SELECT d.id, b.depth + 1 FROM departments d JOIN below b ON d.parent_id = b.id
     WHERE d.account_id = account AND b.depth < 100)
  SELECT coalesce(array_agg(id), '{}') FROM below $$;
CREATE INDEX ON departments (account_id, parent_id);

-- Where a session's user belongs, and what they reach; null: the whole account. Asked by the gate, before an account is known.
CREATE FUNCTION reach_of_session(hash bytea) RETURNS TABLE (department_id uuid, departments uuid[])
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT u.department_id,
         CASE WHEN u.reach = 'department' THEN departments_below(u.account_id, u.department_id) END
    FROM sessions s JOIN users u ON u.account_id = s.account_id AND u.id = s.user_id
   WHERE s.token_hash = hash $$;

-- The same of an API key: it reaches what it is bound to, and never more than its maker does now.
CREATE FUNCTION reach_of_api_key(hash bytea) RETURNS TABLE (department_id uuid, departments uuid[])
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT coalesce(k.department_id, CASE WHEN u.reach = 'department' THEN u.department_id END),
         CASE WHEN k.department_id IS NULL AND u.reach = 'department' THEN departments_below(k.account_id, u.department_id)
              WHEN k.department_id IS NOT NULL AND u.reach = 'department' THEN ARRAY(
                SELECT unnest(departments_below(k.account_id, k.department_id))
                INTERSECT SELECT unnest(departments_below(k.account_id, u.department_id)))
              WHEN k.department_id IS NOT NULL THEN departments_below(k.account_id, k.department_id) END
    FROM api_keys k LEFT JOIN users u ON u.account_id = k.account_id AND u.id = k.made_by
   WHERE k.secret_hash = hash $$;

REVOKE EXECUTE ON FUNCTION departments_below(uuid, uuid), reach_of_session(bytea), reach_of_api_key(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION departments_below(uuid, uuid) TO waxwing_app, waxwing_reader;
GRANT EXECUTE ON FUNCTION reach_of_session(bytea), reach_of_api_key(bytea) TO waxwing_app;

-- Null: the transaction is of nobody narrowed.
CREATE FUNCTION current_departments() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('waxwing.departments', true), '')::uuid[];

CREATE POLICY own_departments ON messages AS RESTRICTIVE TO waxwing_app, waxwing_reader
  USING ((SELECT current_departments()) IS NULL OR department_id = ANY ((SELECT current_departments())::uuid[]));

-- Under the fences of whoever asks: a message that they may not see is not there.
CREATE FUNCTION is_message_reached(message uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE SET search_path = public, pg_temp
AS $$ SELECT EXISTS (SELECT FROM messages m WHERE m.id = message) $$;

-- The people of other departments are not there either, nor their sessions and alerts.
CREATE POLICY own_departments ON users AS RESTRICTIVE FOR SELECT TO waxwing_app, waxwing_reader
  USING ((SELECT current_departments()) IS NULL OR department_id = ANY ((SELECT current_departments())::uuid[]));
CREATE FUNCTION is_user_reached(who uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE SET search_path = public, pg_temp
AS $$ SELECT EXISTS (SELECT FROM users u WHERE u.id = who) $$;
CREATE POLICY own_departments ON sessions AS RESTRICTIVE FOR SELECT TO waxwing_app, waxwing_reader
  USING ((SELECT current_departments()) IS NULL OR is_user_reached(user_id));
CREATE POLICY own_departments ON alerts AS RESTRICTIVE FOR SELECT TO waxwing_app, waxwing_reader
  USING ((SELECT current_departments()) IS NULL OR is_user_reached(user_id));

DO $$
DECLARE table_name text;
BEGIN
  FOREACH table_name IN ARRAY ARRAY['message_keys', 'message_contents', 'recipients', 'recipient_states', 'events',
                                    'deliveries', 'delivery_attempts', 'erasures'] LOOP
    EXECUTE format('CREATE POLICY own_departments ON %I AS RESTRICTIVE FOR SELECT TO waxwing_app, waxwing_reader
      USING ((SELECT current_departments()) IS NULL OR is_message_reached(message_id))', table_name);
  END LOOP;
END $$;
