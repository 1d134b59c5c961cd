-- Dead letters in the order of their time, for lists of the newest.

CREATE INDEX IF NOT EXISTS dead_letters_by_time ON baton.dead_letters (at, letter_id);
