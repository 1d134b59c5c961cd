-- Sets of views. Each has its tables in a schema of its own, baton_views_NUMBER
-- or baton_history_NUMBER.

CREATE TABLE IF NOT EXISTS baton.view_sets (
    number bigint PRIMARY KEY,
    kind text NOT NULL,                  -- views, or history
    shape text NOT NULL,                 -- the declarations of the tables, as JSON
    created_at bigint NOT NULL,
    epoch bigint NOT NULL DEFAULT 0,     -- counts promotions: the greatest is that of the live set
    compared_at bigint,
    differences bigint NOT NULL DEFAULT 0
);

-- They change with every commit of the views; the free space lets them change in place.
CREATE TABLE IF NOT EXISTS baton.view_checkpoints (
    number bigint PRIMARY KEY,
    shape_digest text NOT NULL,
    checkpoint bigint NOT NULL,
    live boolean NOT NULL DEFAULT false  -- of its shape
) WITH (fillfactor = 20);

-- The views of earlier releases are built anew.
DROP SCHEMA IF EXISTS baton_views CASCADE;
DROP SCHEMA IF EXISTS baton_history CASCADE;
