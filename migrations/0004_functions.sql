-- Functions with their owner's rights answer only the roles that need them, and never find a caller's temporary table in
-- the place of one of ours: pg_temp comes first unless it is named (PostgreSQL docs, CREATE FUNCTION, "Writing SECURITY
-- DEFINER Functions Safely").

ALTER FUNCTION account_of_api_key(bytea) SET search_path = public, pg_temp;
ALTER FUNCTION account_of_session(bytea) SET search_path = public, pg_temp;
ALTER FUNCTION account_of_sign_in_link(bytea) SET search_path = public, pg_temp;
ALTER FUNCTION recipients_of_handles(bytea[]) SET search_path = public, pg_temp;
ALTER FUNCTION ensure_event_partitions(date, integer) SET search_path = public, pg_temp;

REVOKE EXECUTE ON FUNCTION account_of_api_key(bytea), account_of_session(bytea), account_of_sign_in_link(bytea),
  recipients_of_handles(bytea[]), ensure_event_partitions(date, integer) FROM PUBLIC;
REVOKE EXECUTE ON PROCEDURE fence(regclass, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION account_of_api_key(bytea), account_of_session(bytea), account_of_sign_in_link(bytea),
  recipients_of_handles(bytea[]) TO waxwing_app;
GRANT EXECUTE ON FUNCTION ensure_event_partitions(date, integer) TO waxwing_worker;
