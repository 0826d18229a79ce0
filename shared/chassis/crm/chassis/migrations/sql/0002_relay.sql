-- How far the log is on Kafka: the position, the epoch that fences a leader who was stopped and woke up, and what the topic
-- was when it was last written, so that one that was recreated or lost its tail is noticed. One row.
CREATE TABLE relay_position (
    service       text        PRIMARY KEY,
    era           integer     NOT NULL DEFAULT 0,
    tx            bigint      NOT NULL DEFAULT 0,
    number        bigint      NOT NULL DEFAULT 0,
    epoch         bigint      NOT NULL DEFAULT 0,
    topic_id      text,
    partitions    integer,
    acked_offsets jsonb       NOT NULL DEFAULT '{}',
    updated_at    timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 10);

-- Every time somebody had the log published again, and why: the only thing that moves the position back.
CREATE TABLE relay_audit (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    service      text        NOT NULL,
    at           timestamptz NOT NULL DEFAULT now(),
    actor        text        NOT NULL,
    reason       text        NOT NULL,
    from_era     integer     NOT NULL,
    from_tx      bigint      NOT NULL,
    from_number  bigint      NOT NULL,
    old_topic_id text,
    new_topic_id text        NOT NULL
);
