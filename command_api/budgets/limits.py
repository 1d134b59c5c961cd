"""The limits of one process. 0 switches a limit off."""

from dataclasses import dataclass

from baton.protocols import strict_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`burst` at once, then `per_s` a second; a rate with a 0 means no limit."""

    burst: int
    per_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of requests and of what they start.

    Attributes:
        head_s: Seconds in which the head of a request must arrive.
        body_s: Seconds in which its body must arrive.
        body_bytes_per_s: The slowest average at which a body may arrive.
        json_values: Values in one JSON body: objects, arrays, members, elements.
        peer_connections: Connections of one peer; past them, only valid tokens are admitted.
        peer_bytes: Bytes of bodies that one peer may have in flight.
        failed_authentications: Of one peer.
        logins: With one name, and of one peer.
        webhook_calls: Of one unsigned webhook.
        webhook_open_runs: Unfinished runs of the definition of one unsigned webhook.
        tenant_open_runs: Unfinished runs of one tenant.
        hosts: Further `Host` names that a server on a loopback address answers for.
    """

    head_s: float = 15
    body_s: float = 30
    body_bytes_per_s: int = 1_000
    json_values: int = strict_json.MAX_VALUES
    peer_connections: int = 200
    peer_bytes: int = 64 * 1024 * 1024
    failed_authentications: Rate = Rate(burst=500, per_s=10)
    logins: Rate = Rate(burst=10, per_s=0.1)
    webhook_calls: Rate = Rate(burst=200, per_s=50)
    webhook_open_runs: int = 1_000
    tenant_open_runs: int = 100_000
    hosts: tuple[str, ...] = ()
