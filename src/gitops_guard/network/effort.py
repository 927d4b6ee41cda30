"""A bound on the work of an analysis: hostile manifests can ask for more than any cluster needs."""

from gitops_guard.errors import SourceError

LIMIT = 20_000_000
"""Units of half a microsecond or so. 5,000 workloads with 10,000 policies of their own need a fortieth of it."""


class Effort:
    """Counts work, and ends the analysis where it is out of all proportion."""

    __slots__ = ("_left", "spent")

    def __init__(self, limit: int = LIMIT) -> None:
        self._left = limit
        self.spent = 0

    def spend(self, units: int) -> None:
        """Counts units of work.

        Raises:
            SourceError: that was too much; nothing is said of any connection then.
        """
        self.spent += units
        if self.spent > self._left:
            raise SourceError(
                "the policies overlap in more ways than can be analysed",
                hint="name fewer files or folders: nothing is said of any connection here",
            )
