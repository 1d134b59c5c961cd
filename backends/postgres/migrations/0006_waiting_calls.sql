-- How many calls of each tenant wait for a place at an executor.

ALTER TABLE baton.announced_functions
    ADD COLUMN IF NOT EXISTS waiting jsonb NOT NULL DEFAULT '{}'; -- {tenant: number}
