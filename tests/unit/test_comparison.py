from gitops_guard.comparison import mark, with_fingerprints
from gitops_guard.finding import EXISTING, HIGH, NEW, Finding, Place, Resource
from gitops_guard.text import Position, Span


def finding(stem: str, path: str = "a.yaml", line: int = 1) -> Finding:
    place = Place(path, 0, (), Span(line * 10, line * 10 + 1), Position(line, 1), Position(line, 2))
    return Finding("GG-POD-001", "n", HIGH, "m", place, Resource(), stem, "", ())


def statuses(base: list[Finding], head: list[Finding], renamed: dict[str, str] | None = None) -> list[str]:
    def text(found: Finding) -> str:
        return str(found.place.start.line)

    marked = mark(base, head, renamed or {}, text, text)
    by_place = {found.place: found.status for found in marked.head}
    return [by_place[found.place] for found in head]


def test_moved_renamed_and_reordered_findings_are_the_same() -> None:
    assert statuses([finding("s")], [finding("s", line=9)]) == [EXISTING]
    assert statuses([finding("s")], [finding("s", "b.yaml")], {"a.yaml": "b.yaml"}) == [EXISTING]
    assert statuses([finding("s"), finding("t", line=2)], [finding("t"), finding("s", line=2)]) == [EXISTING] * 2


def test_new_and_fixed() -> None:
    marked = mark([finding("gone")], [finding("fresh")], {}, lambda _: "", lambda _: "")
    assert [f.status for f in marked.head] == [NEW]
    assert [f.stem for f in marked.fixed] == ["gone"]


def test_of_several_with_one_stem_the_one_that_was_added_is_new() -> None:
    base = [finding("s", line=1), finding("s", line=2)]
    head = [finding("s", line=1), finding("s", line=2), finding("s", line=3)]
    assert statuses(base, head) == [EXISTING, EXISTING, NEW]
    assert statuses(base, [finding("s", line=7), *head[:2]]) == [NEW, EXISTING, EXISTING]


def test_a_copy_in_another_file_is_new() -> None:
    assert statuses([finding("s")], [finding("s"), finding("s", "copy.yaml")]) == [EXISTING, NEW]


def test_one_of_two_that_goes_is_fixed() -> None:
    marked = mark([finding("s"), finding("s", "b.yaml")], [finding("s", "b.yaml")], {}, lambda _: "", lambda _: "")
    assert [f.place.path for f in marked.fixed] == ["a.yaml"]


def test_fingerprints_are_stable_and_distinct() -> None:
    first = with_fingerprints([finding("s"), finding("s", line=2), finding("t", line=3)])
    again = with_fingerprints([finding("s", "z.yaml", 5)])
    assert len({f.fingerprint for f in first}) == 3
    assert first[0].fingerprint == again[0].fingerprint
    assert [len(f.fingerprint) for f in first] == [32, 32, 32]
