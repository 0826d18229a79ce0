-- Imports that wait, are rehearsed, run and are taken back; with what became of their rows, by line. Ids and lines only:
-- what a file says of people is nowhere but in its encrypted chunks.
ALTER TABLE imports
    DROP CONSTRAINT imports_state_check,
    ADD CHECK (state IN ('uploaded', 'mapped', 'rehearsing', 'dry_run', 'running', 'completed', 'completed_with_errors',
        'failed', 'cancelled', 'reverting', 'reverted')),
    ADD COLUMN format          text    NOT NULL DEFAULT 'csv',
    ADD COLUMN source          text    NOT NULL DEFAULT 'generic',
    ADD COLUMN kind            text    NOT NULL DEFAULT 'people',
    ADD COLUMN key             text    NOT NULL DEFAULT 'any',
    ADD COLUMN on_match        text    NOT NULL DEFAULT 'skip',
    ADD COLUMN first_line      bigint  NOT NULL DEFAULT 1,
    ADD COLUMN updated         bigint  NOT NULL DEFAULT 0,
    ADD COLUMN conflicts       bigint  NOT NULL DEFAULT 0,
    ADD COLUMN undone          bigint  NOT NULL DEFAULT 0,
    ADD COLUMN kept            bigint  NOT NULL DEFAULT 0,
    ADD COLUMN rejected_upload uuid,
    ADD COLUMN content_hash    text;

ALTER TABLE import_lines RENAME TO import_lines_before;
-- phase: 'run' or 'dry_run'. Of a run, rows about somebody known are not here: the report has them.
CREATE TABLE import_lines (
    import_id    uuid   NOT NULL REFERENCES imports ON DELETE CASCADE,
    phase        text   NOT NULL,
    line         bigint NOT NULL,
    outcome      text   NOT NULL,
    contact_id   uuid,
    matched_by   text,
    earlier_line bigint,
    field        text,
    reason       text,
    PRIMARY KEY (import_id, phase, line)
);
CREATE INDEX import_lines_contact ON import_lines (import_id, phase, contact_id);
INSERT INTO import_lines (import_id, phase, line, outcome, contact_id)
    SELECT import_id, 'run', line, 'create', contact_id FROM import_lines_before;
DROP TABLE import_lines_before;

-- Which identifiers the rows of a dry run would hold: ids of claims, which are keyed hashes. Emptied at its end.
CREATE TABLE import_seen (
    import_id  uuid NOT NULL REFERENCES imports ON DELETE CASCADE,
    claim      uuid NOT NULL,
    contact_id uuid NOT NULL,
    PRIMARY KEY (import_id, claim)
);
