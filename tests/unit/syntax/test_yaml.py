import pytest

from gitops_guard.syntax.field import Field, format_keypath
from gitops_guard.syntax.nodes import Mapping, Scalar, data
from gitops_guard.syntax.scalars import resolve
from gitops_guard.syntax.yaml import Stream, parse


def root(text: str) -> Field:
    stream = parse(text)
    assert stream.problems == ()
    return Field(None, "", stream.documents[0].root)


def problem(text: str) -> str:
    stream = parse(text)
    assert stream.problems, stream
    return stream.problems[0].message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True), ("Y", True), ("off", False), ("n", False), ("null", None), ("~", None), ("", None),
        ("1", 1), ("-3", -3), ("0x1F", 31), ("0o17", 15), ("017", 15), ("0b11", 3), ("1_000", 1000),
        ("1e3", 1000.0), ("1.5", 1.5), (".5", 0.5), ("-.inf", float("-inf")),
        ("12:30:45", "12:30:45"), ("2026-11-24", "2026-11-24"), ("1.2.3", "1.2.3"), ("0x", "0x"), ("08", 8.0),
        ("1e", "1e"), ("+", "+"), ("-", "-"), (".", "."), ("truE", "truE"), ("10m", "10m"), ("64Mi", "64Mi"),
    ],
)  # fmt: skip
def test_scalars_are_typed_as_kubernetes_does(text: str, value: object) -> None:
    found = resolve(text, "", None)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("style", ["'", '"', "|", ">"])
def test_quoted_scalars_are_text(style: str) -> None:
    assert resolve("yes", style, None) == "yes"
    assert resolve("1", "", "tag:yaml.org,2002:str") == "1"


def test_every_node_knows_its_place() -> None:
    text = "a:\n  - b: 'x'\n    c: |\n      line\n\n# end\nd: &n {e: 1}\nf: *n\n"
    field = root(text)
    for path, written in [(("a", 0, "b"), "'x'"), (("d", "e"), "1"), (("f",), "*n")]:
        place = field.at(*path)
        assert text[slice(*place.span)] == written or path == ("f",)
    assert text[slice(*field["f"].span)] in {"*n", "f"}
    assert field["a"].node is not None
    assert text[field["a"].node.start : field["a"].node.end].startswith("- b")
    assert "# end" not in text[field["a"].node.start : field["a"].node.end]


def test_offsets_count_code_points() -> None:
    text = "a: 'ü😀'\nb: x\n"
    assert text[slice(*root(text)["b"].span)] == "x"


def test_merges_and_aliases_are_read_and_marked_as_shared() -> None:
    field = root("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nagain: *b\n")
    assert field["use"].data == {"x": 1, "y": 3}
    assert field["use"]["x"].is_shared
    assert not field["use"]["y"].is_shared
    assert field["again"]["x"].is_shared
    assert data(parse("a: &a [1]\nb: *a\n").documents[0].root) == {"a": [1], "b": [1]}


def test_of_a_repeated_key_the_last_counts_and_it_is_said() -> None:
    stream = parse("a: 1\nb: 2\na: 3\n")
    assert data(stream.documents[0].root) == {"b": 2, "a": 3}
    (found,) = stream.problems
    assert (found.kind, found.skipped) == ("duplicate-key", False)
    assert found.start == 10


def test_reading_below_nothing_gives_nothing() -> None:
    field = root("a: [1]\nb: text\nc:\n")
    missing = field["a"]["x"][3]["y"]
    assert not missing.exists
    assert missing.value is None
    assert list(missing.items()) == list(missing.entries()) == []
    assert missing.data is None
    assert format_keypath(missing.keypath) == "a.x[3].y"
    assert not field["c"].exists
    assert field["b"]["x"].text == ""
    assert field["b"].integer is None
    assert field["a"][0].integer == 1
    assert missing.span == field["a"].span


@pytest.mark.parametrize(
    ("path", "text"),
    [((), ""), (("a", 0, "b"), "a[0].b"), (("a.b/c",), '["a.b/c"]'), (("x", 'q"'), 'x["q\\""]'), (("",), '[""]')],
)
def test_keypaths_for_people(path: tuple[str | int, ...], text: str) -> None:
    assert format_keypath(path) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "did not find"),
        ("a: &a {b: *a}", "is part of what it stands for"),
        ("a: *x", "has no anchor"),
        ("[" * 300, "nested deeper than 200"),
        ("? {a: 1}\n: 2", "not a scalar"),
        ("a\rb: 1", "carriage return"),
        ("a: \x01", "not valid YAML"),
        ("".join(f"%TAG !a{n}! x:{n}\n" for n in range(70)) + "---\na: 1\n", "directives"),
    ],
)
def test_what_cannot_be_read_is_explained(text: str, message: str) -> None:
    assert message in problem(text)


def test_an_alias_bomb_is_refused_quickly() -> None:
    lines = ["a: &a [x,x,x,x,x,x,x,x,x,x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{','.join(['*' + before] * 10)}]")
    assert "aliases expand" in problem("\n".join(lines))


def test_templates_are_recognised() -> None:
    assert parse("a: {{ .Values.x }}\nb: {{ y }}\n").problems[0].kind == "template"
    assert parse('a: "{{ fine }}"\n').problems == ()


def test_broken_documents_leave_the_others_at_their_places() -> None:
    text = "a: 1\n---\nb: [\n---\nc: 3\n"
    stream = parse(text)
    assert [data(document.root) for document in stream.documents] == [{"a": 1}, {"c": 3}]
    node = stream.documents[1].root
    assert isinstance(node, Mapping)
    key, value = node.entries["c"]
    assert isinstance(value, Scalar)
    assert text[key.start] == "c"
    assert text[value.start : value.end] == "3"
    assert len(stream.problems) == 1


def test_the_pure_parser_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from gitops_guard.syntax import pure_parser, yaml  # noqa: PLC0415 - one is put in the place of the other

    text = "a: &x [1, 'two']\nb: *x\nc:\n  <<: {d: 1}\n---\ne: |\n  text\n"
    fast = parse(text)
    monkeypatch.setattr(yaml, "CParser", pure_parser.PureParser)
    slow = parse(text)
    assert [repr(d) for d in fast.documents] == [repr(d) for d in slow.documents]
    assert isinstance(slow, Stream)
