-- What is said of one message is under that message's own key. Of an erased one the names of the mail servers it went to go
-- with their words: a domain of one's own names a person.
GRANT UPDATE (host) ON delivery_attempts TO waxwing_app;
ALTER POLICY erased_only ON delivery_attempts
  WITH CHECK (reply_sealed IS NULL AND evidence_sealed IS NULL AND host IS NULL);

-- The names of the server that took a copy and of the recipient's own one, sealed under the message's key. Readable stays,
-- in gateway_mx, what many share of a known gateway's name; rows from before hold whole names until their message is erased.
ALTER TABLE recipient_states ADD COLUMN delivered_by_sealed bytea, ADD COLUMN gateway_mx_sealed bytea;
