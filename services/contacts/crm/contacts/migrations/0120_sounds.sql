-- How the words of a name sound (Daitch-Mokotoff), for the search of the directory: an index is on it.
CREATE EXTENSION IF NOT EXISTS fuzzystrmatch;

CREATE FUNCTION sounds_of(name text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(array_agg(DISTINCT code), '{}')
    FROM regexp_split_to_table(name, '[^[:alpha:]]+') AS word, unnest(daitch_mokotoff(word)) AS code
    WHERE length(word) > 2;
END;
