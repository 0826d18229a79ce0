-- How far the role `matching` has looked at the log.
CREATE TABLE matching (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    era    integer NOT NULL,
    tx     bigint  NOT NULL,
    number bigint  NOT NULL
);

-- Scans of all contacts that were asked for and are being worked off. `share` is which part of all keys is next, `mark`
-- the last key within it, as a hash: no key is here.
CREATE TABLE duplicate_scans (
    scan_id      uuid        PRIMARY KEY,
    actor        text        NOT NULL,
    state        text        NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'completed')),
    contacts     bigint      NOT NULL DEFAULT 0,
    share        integer     NOT NULL DEFAULT 0,
    mark         bigint      NOT NULL DEFAULT -1,
    progress     real        NOT NULL DEFAULT 0,
    passed_over  bigint      NOT NULL DEFAULT 0,
    compared     bigint      NOT NULL DEFAULT 0,
    suggested    bigint      NOT NULL DEFAULT 0,
    leased_until timestamptz,
    started_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz
);
