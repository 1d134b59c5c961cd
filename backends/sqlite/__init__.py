"""Files in a data folder: events and what stands beside them in baton.db, views in views.db.

One process at a time may write there; others may read.
"""

from backends.sqlite.archive import open_archive
from backends.sqlite.opening import open_stores
from eventlog.backend import Backend

BACKEND = Backend(
    name="sqlite",
    capabilities=frozenset(("durable",)),
    open=open_stores,
    open_archive=open_archive,
)
