-- A template's name sealed by itself, so that the list opens names only. Empty where a template was last changed before.
ALTER TABLE templates ADD COLUMN name_sealed bytea;
