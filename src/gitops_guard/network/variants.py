"""Which parts of a repository are deployed together, where several parts give the same workloads.

An overlay for testing and one for production give the same workloads in the same namespace: they are for different
clusters. Together they would look like one cluster with every workload twice.
"""

from collections.abc import Iterable, Sequence

from gitops_guard.network.cluster import DEFAULT_NAMESPACE, Located
from gitops_guard.network.workload_reading import POD_KINDS

_TELLING = POD_KINDS | {"Service"}

Key = tuple[str, str, str]


def variants(parts: Sequence[Iterable[Located]]) -> list[tuple[int, ...]]:
    """The parts that may be in one cluster, by their numbers.

    Each variant holds every part that shares no workload and no Service with another part, and of the others those that
    come first and do not meet in it.
    """
    keys = [_keys(part) for part in parts]
    times: dict[Key, int] = {}
    for of_part in keys:
        for key in of_part:
            times[key] = times.get(key, 0) + 1
    meeting = [number for number, of_part in enumerate(keys) if any(times[key] > 1 for key in of_part)]
    found: list[list[int]] = []
    taken: list[set[Key]] = []
    for number in meeting:
        free = next((at for at, those in enumerate(taken) if those.isdisjoint(keys[number])), len(found))
        if free == len(found):
            found.append([])
            taken.append(set())
        found[free].append(number)
        taken[free] |= keys[number]
    shared = set(range(len(keys))).difference(meeting)
    return [tuple(sorted({*those, *shared})) for those in found] or [tuple(sorted(shared))]


def _keys(part: Iterable[Located]) -> set[Key]:
    identities = (one.object.identity for one in part if one.object.kind in _TELLING)
    return {(one.kind, one.namespace or DEFAULT_NAMESPACE, one.name) for one in identities if one.name}
