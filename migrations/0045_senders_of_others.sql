-- Whether another account has shown that a domain, or one above it, is theirs. It says yes or no and names nobody.
CREATE FUNCTION verified_by_another(names text[]) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT EXISTS (SELECT FROM sender_domains d
                      WHERE d.domain = ANY (names) AND d.verified_at IS NOT NULL AND d.account_id <> current_account()) $$;
REVOKE EXECUTE ON FUNCTION verified_by_another(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION verified_by_another(text[]) TO waxwing_app, waxwing_reader;
