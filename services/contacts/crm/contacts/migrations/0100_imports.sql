-- Imports that were taken in and are being worked off. What a file says of people is here only while it is worked off, and
-- only encrypted, with a key of the import that is destroyed at the end.
CREATE TABLE imports (
    import_id    uuid        PRIMARY KEY,
    upload_id    uuid        NOT NULL,
    actor        text        NOT NULL,
    state        text        NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'completed', 'failed')),
    encoding     text        NOT NULL,
    delimiter    text        NOT NULL,
    quote        text        NOT NULL,
    columns      jsonb       NOT NULL,
    size_bytes   bigint      NOT NULL,
    done_bytes   bigint      NOT NULL DEFAULT 0,
    line         bigint      NOT NULL DEFAULT 1,
    registered   bigint      NOT NULL DEFAULT 0,
    matched      bigint      NOT NULL DEFAULT 0,
    rejected     bigint      NOT NULL DEFAULT 0,
    error        text,
    leased_until timestamptz,
    started_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz
);

CREATE TABLE import_chunks (
    upload_id uuid    NOT NULL,
    number    integer NOT NULL,
    content   text    NOT NULL,
    uploaded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (upload_id, number)
);

-- Which line made which contact, to name the earlier line of a duplicate; emptied at the end.
CREATE TABLE import_lines (
    import_id  uuid   NOT NULL REFERENCES imports ON DELETE CASCADE,
    contact_id uuid   NOT NULL,
    line       bigint NOT NULL,
    PRIMARY KEY (import_id, contact_id)
);
