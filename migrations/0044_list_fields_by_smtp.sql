-- Headers of mail that comes by SMTP stay as they were submitted, unless the account asks for the fields of mass mail there too.
ALTER TABLE account_settings ADD COLUMN list_fields_by_smtp boolean NOT NULL DEFAULT false;
