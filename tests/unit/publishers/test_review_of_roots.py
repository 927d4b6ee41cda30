"""A fix of a rendered object may be in another file than its finding."""

from gitops_guard.finding import HIGH, NEEDS_REVIEW, Finding, FixOffer, Patch, PatchedFile, Place, Resource
from gitops_guard.publishers.review import compose
from gitops_guard.report import Coverage, Report
from gitops_guard.text import Position, Span

PLACE = Place("prod/host.yaml", 0, ("spec",), Span(10, 14), Position(2, 1), Position(2, 5))


def reviewed(path: str) -> str:
    patch = Patch("do it", NEEDS_REVIEW, "", "a diff", (PatchedFile(path, "a\nb\n", "a\nc\n"),), ("proved",))
    offer = FixOffer("do it", NEEDS_REVIEW, "", patch)
    finding = Finding(
        "GG-POD-004", "host-network", HIGH, "shares the network", PLACE, Resource("apps/v1", "Deployment", "", "web"),
        "stem", "fingerprint", (), fix=offer, origin="kustomize:prod",
    )  # fmt: skip
    report = Report((finding,), Coverage())
    return compose(report, lambda *_: True, frozenset(("prod/host.yaml",)), 10).comments[0].body


def test_a_patch_of_another_file_is_no_suggestion() -> None:
    assert "```suggestion" in reviewed("prod/host.yaml")
    other = reviewed("base/web.yaml")
    assert "suggestion" not in other
    assert "a diff" in other
