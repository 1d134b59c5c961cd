-- Events in the table layout of the eventsourcing library (9.5, text ids), whose own tools read and
-- write the same database. Text compares by code point, whatever the database's collation is.

CREATE TABLE IF NOT EXISTS public.stored_events (
    originator_id text COLLATE "C" NOT NULL,
    originator_version bigint NOT NULL,
    topic text,
    state bytea,
    notification_id bigserial,
    PRIMARY KEY (originator_id, originator_version)
);

CREATE UNIQUE INDEX IF NOT EXISTS stored_events_notification_id_idx
ON public.stored_events (notification_id);

CREATE TABLE IF NOT EXISTS public.notification_tracking (
    application_name text PRIMARY KEY,
    notification_id bigint
);

-- This row tells the library that the table has one row per follower.
INSERT INTO public.notification_tracking VALUES ('__migration__', 1) ON CONFLICT DO NOTHING;

-- The type in which the library's recorders send events.
DO $$
BEGIN
    CREATE TYPE public.stored_event_text AS (
        originator_id text, originator_version bigint, topic text, state bytea
    );
EXCEPTION WHEN duplicate_object THEN
    NULL;
END
$$;

CREATE SCHEMA IF NOT EXISTS baton;

-- One row per appending process: the outcome of its newest batch. The row commits with the batch, so
-- a process whose connection broke can learn whether the batch was committed.
CREATE TABLE IF NOT EXISTS baton.append_receipts (
    appender text PRIMARY KEY,
    batch bigint NOT NULL,
    first_position bigint,   -- NULL after the batch was abandoned
    conflicting_rows int [], -- rows of the batch that were in conflict
    used_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- Inserts a batch of appends, each whole or not at all, in one transaction of its own.
--
-- Transactions commit in the order of the positions they draw, so a reader never passes a position
-- where an event appears later. The advisory lock keeps Baton's appenders apart. The table lock keeps
-- them apart from the library's recorders, which lock the whole table; it doesn't wait for a vacuum.
--
-- Row n of the arrays (from 1) gets position first_position + n - 1, unless its append (the number in
-- `appends`) is in conflict. Then `conflicting_rows` holds the first row of the append whose version
-- exists already or whose predecessor doesn't. Predecessors are checked for the rows in
-- `checked_rows`. No event stands between `previous` and first_position.
CREATE OR REPLACE FUNCTION baton.append(
    appender_name text, batch_number bigint,
    appends int [], streams text [], versions bigint [], topics text [], states bytea [],
    checked_rows int [], predecessor_streams text [], predecessor_versions bigint [],
    OUT previous bigint, OUT first_position bigint, OUT conflicting_rows int []
) LANGUAGE plpgsql
SET enable_seqscan = off -- its plans are cached, and the table may be empty when they are made
AS $$
#variable_conflict use_column
DECLARE
    rows_given CONSTANT int := cardinality(streams);
    inserted bigint[];
    last_drawn bigint;
    from_position bigint;
    rows_without_predecessor bigint[] := '{}';
    conflicting_appends int[];
    conflicts int[] := '{}';
BEGIN
    PERFORM pg_advisory_xact_lock(1650553967, 1);  -- 'bato', appends
    LOCK TABLE public.stored_events IN ROW EXCLUSIVE MODE;

    previous := (SELECT coalesce(max(notification_id), 0) FROM public.stored_events);
    from_position := (
        SELECT last_value + is_called::int FROM public.stored_events_notification_id_seq
    );
    WITH kept AS (
        INSERT INTO public.stored_events (originator_id, originator_version, topic, state)
        SELECT * FROM unnest(streams, versions, topics, states)
        ON CONFLICT DO NOTHING
        RETURNING notification_id
    )
    SELECT coalesce(array_agg(notification_id), '{}') INTO inserted FROM kept;

    last_drawn := (SELECT last_value FROM public.stored_events_notification_id_seq);
    IF last_drawn <> from_position + rows_given - 1 THEN
        RAISE 'another client appends without the lock'
        USING ERRCODE = 'serialization_failure';
    END IF;

    IF cardinality(checked_rows) > 0 THEN
        rows_without_predecessor := ARRAY(
            SELECT n
            FROM unnest(checked_rows, predecessor_streams, predecessor_versions)
                AS before (n, stream, version)
            WHERE (
                SELECT TRUE FROM public.stored_events
                WHERE originator_id = before.stream AND originator_version = before.version
            ) IS NULL
        );
    END IF;
    IF cardinality(inserted) < rows_given OR cardinality(rows_without_predecessor) > 0 THEN
        SELECT array_agg(append), array_agg(n) INTO conflicting_appends, conflicts FROM (
            SELECT given.append, min(given.n) AS n
            FROM unnest(appends) WITH ORDINALITY AS given (append, n)
            LEFT JOIN unnest(inserted) AS kept (id) ON kept.id = from_position + given.n - 1
            WHERE kept.id IS NULL OR given.n = ANY (rows_without_predecessor)
            GROUP BY given.append
        ) AS in_conflict;
        DELETE FROM public.stored_events WHERE notification_id = ANY (ARRAY(
            SELECT from_position + given.n - 1
            FROM unnest(appends) WITH ORDINALITY AS given (append, n)
            WHERE given.append = ANY (conflicting_appends)
        ));
    END IF;

    UPDATE baton.append_receipts
    SET batch = batch_number, first_position = from_position, conflicting_rows = conflicts,
        used_at = now()
    WHERE appender = appender_name AND batch = batch_number - 1;
    IF NOT FOUND THEN
        RAISE 'batch % was abandoned', batch_number USING ERRCODE = 'serialization_failure';
    END IF;

    PERFORM pg_notify('stored_events', last_drawn::text);
    first_position := from_position;
    conflicting_rows := conflicts;
END
$$;
