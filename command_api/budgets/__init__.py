"""The budgets of one process: rates, open runs, and turns for large pieces of work.

A budget refuses nothing itself: it says whether anything is left, and its caller refuses. Every
process counts for itself.
"""

from baton.command_api.budgets.limits import Limits, Rate
from baton.command_api.budgets.pace import Pace
from baton.command_api.budgets.token_buckets import TokenBuckets
from baton.command_api.budgets.turns import Turns
from baton.projector.open_runs import OpenRuns

REFUSALS = Rate(burst=50, per_s=500)
"""The rate at which the admission answers with refusals. Only refused senders wait for it."""


class Budgets:
    """The remaining budgets under the limits.

    Args:
        limits: Default: `Limits()`.
        tenant_runs: Shared by all parts of this process that start runs; by default it has the
            limit of `limits`.
    """

    def __init__(
        self, limits: Limits | None = None, *, tenant_runs: OpenRuns | None = None
    ) -> None:
        self.limits = limits or Limits()
        self.failed_authentications = TokenBuckets(self.limits.failed_authentications)
        self.logins_of_name = TokenBuckets(self.limits.logins)
        self.logins_of_peer = TokenBuckets(self.limits.logins)
        self.webhook_calls = TokenBuckets(self.limits.webhook_calls)
        self.webhook_runs = OpenRuns(self.limits.webhook_open_runs)
        self.tenant_runs = tenant_runs or OpenRuns(self.limits.tenant_open_runs)
        self.turns = Turns()
        self.refusals = Pace(REFUSALS)


__all__ = ("Budgets", "Limits")
