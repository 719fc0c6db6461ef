-- Mail in each recipient's own words, templates with their versions, and planned mail that can be listed and moved.

-- Name and data of one recipient, under the message's key: erasing the message makes them unreadable too.
ALTER TABLE recipients ADD COLUMN data_sealed bytea;

CREATE TABLE templates (
  account_id uuid NOT NULL REFERENCES accounts,
  id uuid PRIMARY KEY,
  name_index bytea NOT NULL,
  version integer NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (account_id, name_index)
);
CALL fence('templates', 'SELECT, INSERT, UPDATE, DELETE');

-- What a template said, and when it began to say so. Mail keeps its own copy of what it was accepted with.
CREATE TABLE template_versions (
  account_id uuid NOT NULL REFERENCES accounts,
  template_id uuid NOT NULL REFERENCES templates ON DELETE CASCADE,
  version integer NOT NULL,
  content_sealed bytea NOT NULL, -- JSON: name, subject, html, text
  created_at timestamptz NOT NULL,
  PRIMARY KEY (template_id, version)
);
CALL fence('template_versions', 'SELECT, INSERT, UPDATE, DELETE');

-- Mail that waits for a time of its own. Only such rows are in the index, so that other mail pays nothing for it.
ALTER TABLE deliveries ADD COLUMN is_planned boolean NOT NULL DEFAULT false;
CREATE INDEX deliveries_planned ON deliveries (account_id, queued_at, message_id) WHERE is_planned;
