"""The workloads of a repository, found by labels without looking at each of them."""

from collections.abc import Iterable

from gitops_guard.model.inventory import WorkloadFact
from gitops_guard.model.selector import Selector
from gitops_guard.rules.net.isolation import ALL, ANY_NAMESPACE, UNNAMED


class KnownWorkloads:
    """Workloads by scope and label."""

    def __init__(self, workloads: Iterable[WorkloadFact]) -> None:
        self._by_scope: dict[str, list[WorkloadFact]] = {}
        self._by_label: dict[tuple[str, tuple[str, str]], list[WorkloadFact]] = {}
        self._found: dict[tuple[str, Selector], list[WorkloadFact]] = {}
        for fact in workloads:
            for scope in (fact.scope, ALL, *((ANY_NAMESPACE,) if fact.scope.startswith(UNNAMED) else ())):
                self._by_scope.setdefault(scope, []).append(fact)
                for label in fact.labels:
                    self._by_label.setdefault((scope, label), []).append(fact)

    def of(self, scope: str) -> list[WorkloadFact]:
        """The workloads of a scope."""
        return self._by_scope.get(scope, [])

    def selected(self, scope: str, selector: Selector) -> list[WorkloadFact]:
        """The workloads of a scope that a selector selects."""
        found = self._found.get((scope, selector))
        if found is None:
            candidates = self.of(scope)
            for label in selector.labels:
                candidates = min(candidates, self._by_label.get((scope, label), []), key=len)
            found = [fact for fact in candidates if selector.matches(fact.labels)]
            self._found[scope, selector] = found
        return found
