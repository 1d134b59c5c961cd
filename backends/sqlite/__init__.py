"""Files in a data folder: events and what stands beside them in baton.db, views in views.db.

One process at a time may write there; others may read.
"""

from baton.backends.sqlite.events.archive import open_archive
from baton.backends.sqlite.stores import open_stores
from baton.eventlog.ports.backend import Backend

BACKEND = Backend(
    name="sqlite",
    capabilities=frozenset(("durable",)),
    open=open_stores,
    open_archive=open_archive,
)
