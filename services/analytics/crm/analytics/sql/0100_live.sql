-- The live window: what workers counted and how far they are. Can be lost and is then written anew, so not logged.

CREATE UNLOGGED TABLE live_counts (
    service text NOT NULL,
    partition integer NOT NULL,
    minute timestamptz NOT NULL,
    touchpoints bigint NOT NULL,
    PRIMARY KEY (service, partition, minute)
) WITH (fillfactor = 50);

CREATE UNLOGGED TABLE live_sources (
    service text NOT NULL,
    partition integer NOT NULL,
    answered_at timestamptz NOT NULL,
    behind bigint NOT NULL,
    PRIMARY KEY (service, partition)
) WITH (fillfactor = 50);
