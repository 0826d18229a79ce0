-- The keyring: a small database of its own. It holds no personal data, only what opens it.

-- One key per subject, wrapped by the master key. A destroyed key leaves its row: the tombstone.
CREATE TABLE keys (
    subject      uuid        PRIMARY KEY,
    wrapped      bytea,
    created_at   timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    CONSTRAINT tombstones_hold_no_key CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);

-- The keys under which identifiers are hashed. Random, so they stay the same when the master key changes.
CREATE TABLE claim_keys (
    version    integer     PRIMARY KEY CHECK (version > 0),
    wrapped    bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    live_from  timestamptz NOT NULL,
    retired_at timestamptz
);

-- What was destroyed and when: what a restore of an older backup has to replay.
CREATE TABLE destructions (
    number       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject      uuid        NOT NULL UNIQUE,
    destroyed_at timestamptz NOT NULL
);

-- Where this keyring lives. A restored copy lives elsewhere: it serves after the destructions were replayed.
CREATE TABLE residence (
    only_row          boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    system_identifier bigint  NOT NULL,
    database          oid     NOT NULL
);

CREATE VIEW current_residence AS
    SELECT (SELECT system_identifier FROM pg_control_system()) AS system_identifier, oid AS database
    FROM pg_database WHERE datname = current_database();

INSERT INTO residence (system_identifier, database) SELECT system_identifier, database FROM current_residence;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a destruction is final: % of % is refused', TG_OP, TG_TABLE_NAME;
END $$;

CREATE TRIGGER destructions_are_final BEFORE UPDATE OR DELETE ON destructions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER destructions_stay BEFORE TRUNCATE ON destructions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tombstones_are_final BEFORE UPDATE OR DELETE ON keys
    FOR EACH ROW WHEN (OLD.destroyed_at IS NOT NULL) EXECUTE FUNCTION refuse_change();
