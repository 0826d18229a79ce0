-- What every view and policy of a service keeps about itself. Their rows are in tables of their own (`<view>_v<version>`).

-- One per table of a view that is kept up to date, and one per policy. Code of another version blanks by what stands here.
CREATE TABLE view_state (
    view     integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name     text        NOT NULL UNIQUE,
    family   text        NOT NULL,
    state    text        NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'building', 'stopped')),
    reason   text,
    lenient  boolean     NOT NULL DEFAULT false,
    since    timestamptz NOT NULL DEFAULT now(),
    tables   text[]      NOT NULL DEFAULT '{}',
    subjects jsonb       NOT NULL DEFAULT '{}',
    blanks   jsonb       NOT NULL DEFAULT '{}'
);

-- A view's reading of one service's facts. `topic_id`: the topic that the checkpoints are places in. `late`: it started in the middle, so a stream's first-seen version is taken as it is.
CREATE TABLE feeds (
    feed   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    view   integer NOT NULL REFERENCES view_state ON DELETE CASCADE,
    source text    NOT NULL,
    late   boolean NOT NULL DEFAULT false,
    topic_id text,
    UNIQUE (view, source)
);

-- How far a feed has come: in the own log by position (shard 0), in a topic by partition (era: its generation, number: the
-- next offset). consumed = applied + repeats + facts of this feed and shard in `parked` (invariant I7).
CREATE TABLE checkpoints (
    feed        integer     NOT NULL REFERENCES feeds ON DELETE CASCADE,
    shard       integer     NOT NULL,
    era         bigint      NOT NULL,
    tx          bigint      NOT NULL,
    number      bigint      NOT NULL,
    consumed    bigint      NOT NULL DEFAULT 0,
    applied     bigint      NOT NULL DEFAULT 0,
    repeats     bigint      NOT NULL DEFAULT 0,
    unknown     bigint      NOT NULL DEFAULT 0,
    recorded_at timestamptz,
    moved_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (feed, shard)
) WITH (fillfactor = 50);

-- The last version of every stream that a feed has applied. No foreign key: it is written for every fact.
CREATE TABLE applied (
    feed        integer     NOT NULL,
    stream      uuid        NOT NULL,
    version     bigint      NOT NULL,
    append_id   uuid        NOT NULL,
    recorded_at timestamptz NOT NULL,
    blocked     boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (feed, stream)
) WITH (fillfactor = 70);

-- Facts that could not be applied (parked), those behind them on their stream (queued), and those given up by people
-- (discarded). Their personal part is as encrypted as in the log. Records that are no facts have no stream.
CREATE TABLE parked (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    feed       integer     NOT NULL REFERENCES feeds ON DELETE CASCADE,
    shard      integer     NOT NULL,
    era        bigint      NOT NULL,
    tx         bigint      NOT NULL,
    number     bigint      NOT NULL,
    stream     uuid,
    version    bigint      NOT NULL DEFAULT 0,
    append_id  uuid,
    type       text,
    sealed     jsonb       NOT NULL,
    state      text        NOT NULL CHECK (state IN ('parked', 'queued', 'discarded')),
    error      text,
    message    text,
    attempts   integer     NOT NULL DEFAULT 1,
    parked_at  timestamptz NOT NULL DEFAULT now(),
    decided_by text,
    decided_at timestamptz,
    UNIQUE NULLS NOT DISTINCT (feed, shard, stream, version, append_id)
);

CREATE INDEX parked_waiting ON parked (feed, stream, version) WHERE state <> 'discarded';

-- Contacts whose erasure arrived here. Their facts open as erased from then on, whatever a key cache still holds.
CREATE TABLE erasures (
    contact_id      uuid        PRIMARY KEY,
    arrived_at      timestamptz NOT NULL DEFAULT now(),
    acknowledged_at timestamptz
);

CREATE INDEX erasures_open ON erasures (arrived_at) WHERE acknowledged_at IS NULL;

CREATE TABLE erasures_applied (
    contact_id uuid        NOT NULL REFERENCES erasures,
    view       integer     NOT NULL REFERENCES view_state ON DELETE CASCADE,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (contact_id, view)
);

-- The audit of rebuilds: the only thing that may move a view's checkpoints otherwise than forward.
CREATE TABLE rebuilds (
    rebuild     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text        NOT NULL,
    actor       text        NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    scanned     jsonb       NOT NULL DEFAULT '{}',
    facts       bigint      NOT NULL DEFAULT 0,
    finished_at timestamptz,
    checkpoints jsonb
);

CREATE UNIQUE INDEX rebuilds_running ON rebuilds (name) WHERE finished_at IS NULL;
