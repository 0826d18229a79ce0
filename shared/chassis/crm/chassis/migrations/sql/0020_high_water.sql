-- The furthest a relay or a checkpoint has ever been (invariant I5), kept by the database, so that the audit sees it when
-- one went back. Only a republication, which is on record, may begin again; a rebuild makes new rows.
ALTER TABLE relay_position ADD COLUMN high bigint[] NOT NULL DEFAULT '{0,0,0}';
ALTER TABLE checkpoints ADD COLUMN high bigint[] NOT NULL DEFAULT '{0,0,0}';

CREATE FUNCTION keep_high_water() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.high := greatest(NEW.high, ARRAY[NEW.era::bigint, NEW.tx, NEW.number]);
    RETURN NEW;
END $$;

CREATE FUNCTION keep_relay_high_water() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.era, NEW.tx, NEW.number) < (OLD.era, OLD.tx, OLD.number)
       AND EXISTS (SELECT FROM relay_audit WHERE service = NEW.service AND at = now()) THEN
        NEW.high := ARRAY[NEW.era::bigint, NEW.tx, NEW.number];
    ELSE
        NEW.high := greatest(NEW.high, ARRAY[NEW.era::bigint, NEW.tx, NEW.number]);
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER high_water BEFORE INSERT OR UPDATE ON checkpoints
    FOR EACH ROW EXECUTE FUNCTION keep_high_water();
CREATE TRIGGER high_water BEFORE UPDATE ON relay_position
    FOR EACH ROW EXECUTE FUNCTION keep_relay_high_water();
