"""Leaf blocks and tree heads as rows, and the leaf of an event by its rank within its block."""

from typing import Final

from baton.eventlog.ports.audit.leaf_store import LEAF_BYTES, LEAVES_PER_BLOCK

_BLOCK: Final = "block, first_position, last_position, max_at, root, leaves"
_HEAD: Final = "size, position, root, at, note"


def forget_tree(prefix: str) -> tuple[str, str]:
    """Return the statements for an import: the tree begins again with its first event.

    Args:
        prefix: The prefix of the names of Baton's tables, such as `baton.`.
    """
    return f"DELETE FROM {prefix}leaf_blocks", f"DELETE FROM {prefix}tree_heads"  # noqa: S608 - the argument is a constant


class LeafStatements:
    """Statements for one database."""

    def __init__(self, *, prefix: str, events: str, position: str, wanted: str) -> None:
        """Build the statements, with parameters as $1, $2, ….

        Args:
            prefix: The prefix of the names of Baton's tables, such as `baton.`.
            events: The table of events.
            position: Its column of positions.
            wanted: A SELECT of `stream` and `version` of the requested events.
        """
        blocks, heads = f"{prefix}leaf_blocks", f"{prefix}tree_heads"
        self.blocks = f"SELECT {_BLOCK} FROM {blocks} WHERE block >= $1 ORDER BY block LIMIT $2"  # noqa: S608 - the arguments are constants
        self.block_at = (
            f"SELECT {_BLOCK} FROM {blocks} WHERE first_position <= $1"  # noqa: S608 - as above
            " ORDER BY first_position DESC LIMIT 1"
        )
        self.roots = f"SELECT root FROM {blocks} ORDER BY block"  # noqa: S608 - as above
        self.newest_head = f"SELECT {_HEAD} FROM {heads} ORDER BY size DESC LIMIT 1"  # noqa: S608 - as above
        self.head = f"SELECT {_HEAD} FROM {heads} WHERE size = $1"  # noqa: S608 - as above
        self.heads = f"SELECT {_HEAD} FROM {heads} WHERE size > $1 ORDER BY size LIMIT $2"  # noqa: S608 - as above
        self.put_block = f"""
INSERT INTO {blocks} AS known ({_BLOCK}) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (block) DO UPDATE SET
    last_position = excluded.last_position, max_at = excluded.max_at,
    root = excluded.root, leaves = excluded.leaves
WHERE length(known.leaves) < length(excluded.leaves)"""  # noqa: S608 - as above
        self.put_head = f"""
INSERT INTO {heads} ({_HEAD}) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (size) DO NOTHING"""  # noqa: S608 - as above
        self.delete_head = f"DELETE FROM {heads} WHERE size = $1"  # noqa: S608 - as above
        self.leaves_of = f"""
SELECT stream, {LEAVES_PER_BLOCK} * block + rank - 1,
    substr(leaves, CAST({LEAF_BYTES} * (rank - 1) + 1 AS integer), {LEAF_BYTES})
FROM (
    SELECT wanted.stream, covering.block, covering.leaves, (
        SELECT count(*) FROM {events} AS before
        WHERE before.{position} >= covering.first_position
            AND before.{position} <= found.{position}
    ) AS rank
    FROM ({wanted}) AS wanted
    JOIN {events} AS found
        ON found.originator_id = wanted.stream AND found.originator_version = wanted.version
    JOIN {blocks} AS covering ON covering.block = (
        SELECT block FROM {blocks} WHERE first_position <= found.{position}
        ORDER BY first_position DESC LIMIT 1
    )
    WHERE found.{position} <= covering.last_position
) AS placed"""  # noqa: S608 - as above
