"""Which parts of a repository may be in one cluster."""

from gitops_guard.network.cluster import Located
from gitops_guard.network.variants import variants
from netpol_objects import located


def part(*names: str) -> tuple[Located, ...]:
    services = (f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\n" for name in names)
    return tuple(located("---\n".join(services)))


def test_parts_that_share_nothing_are_one_variant() -> None:
    assert variants([part("a"), part("b", "c"), part()]) == [(0, 1, 2)]


def test_parts_that_give_the_same_service_are_kept_apart_and_what_is_shared_is_in_each() -> None:
    monitoring, dev, prod, dev_database, prod_database = part("m"), part("a"), part("a"), part("d"), part("d")
    assert variants([monitoring, dev, dev_database, prod, prod_database]) == [(0, 1, 2), (0, 3, 4)]


def test_nothing_at_all_is_one_empty_variant() -> None:
    assert variants([]) == [()]
