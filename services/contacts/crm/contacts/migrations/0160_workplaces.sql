-- What rows of people do about accounts: which they make, and where people begin to belong to one or change. Ids only.
ALTER TABLE imports
    ADD COLUMN accounts   bigint NOT NULL DEFAULT 0,
    ADD COLUMN affiliated bigint NOT NULL DEFAULT 0;

ALTER TABLE import_lines
    ADD COLUMN account_id     uuid,
    ADD COLUMN account_made   boolean NOT NULL DEFAULT false,
    ADD COLUMN affiliation_id uuid;
CREATE INDEX import_lines_account ON import_lines (import_id, phase, account_id) WHERE account_id IS NOT NULL;
