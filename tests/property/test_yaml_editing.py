"""Whatever a manifest looks like: an edit either does exactly what it claims, or is refused."""

import hypothesis.strategies as st
from hypothesis import HealthCheck, assume, given, settings

from gitops_guard.editing.claim import ImpossibleIntentError, expected, same_data
from gitops_guard.editing.intent import AppendDocument, AppendItem, DeleteKey, Intent, SetValue
from gitops_guard.editing.second_parser import Unreadable, our_tree, ruamel_tree
from gitops_guard.editing.yaml import Edited, Refused, apply
from gitops_guard.syntax.field import KeyPath
from gitops_guard.syntax.nodes import Alias, Data, Mapping, Node, Sequence, data
from gitops_guard.syntax.yaml import parse

KEYS = ("a", "b", "name", "defaultMode", "x/y", '"q"', "'s'", "<<")
INLINE = (
    "1", "x", '"q"', "'s'", "0400", "null", "", "~", "yes", "{}", "[]", "[ ]", "{ }", "{a: 1}", "{a: 1, b: [x, y]}",
    "[x]", "[ 'x', \"y\" ]", "[a: 1, b]", '{"a":1,"b":{}}', "{a: 1,}", "[1,]", "{a, b: }",
    "{a: {b: {c: 1}}}", "!!str 1", "&an 1",
    "*an", "&an {a: 1}",
    "{? a : 1, b: 2}", '{"a": null,b: }', "[null,]", "[[], [1]]",
)  # fmt: skip
SEVERAL = (
    "{\n%a: 1,\n%b: 2\n%}", "[\n%a,\n%b,\n%]", "{\n%a: 1, # c\n%b: 2 # d\n%}", "[\n%# c\n%a\n%# d\n%]",
    '{\n%"a": [\n%1\n%]\n%}',
    '"first\n%second"', "first\n%second", "[a,\n%b]", "{a: 1,\n%b: 2}",
)  # fmt: skip
HEADERS = ("|", "|-", "|+", ">", ">-", ">+", "| # c", "|2")
BLOCKS = (("x",), ("x", "", "y"), ("x", ""), ("x", "", ""), ("# x",), ("", "x"), ("x", "  y"))
NOISE = (
    "",
    "# col",
    "%# same",
    "%  # deeper",
    "%# one\n%# two",
    "\n%# blank above",
    "%# blank below\n",
    "\n%  # deeper after blank",
)
VALUES: tuple[Data, ...] = (
    True, 1, "x", "yes", "", "a: b", "line\nbreak", "line\nbreak\n", {}, [], {"k": "v"}, ["i"],
    {"k": {"l": [1, {"m": None}]}},
    [{"name": "n", "value": "v"}], [["a"]], {"defaultMode": 288}, "it's \"#\"", ["a\nb", "c\nd\n"],
    1.5, None, " s", "{{ x }}",
)  # fmt: skip


@st.composite
def values(draw: st.DrawFn, indent: int, depth: int) -> tuple[str, list[str]]:
    """What stands behind a colon or dash on its line, and the lines below."""
    kind = draw(st.integers(0, 9 if depth else 4))
    if kind <= 2:
        return draw(st.sampled_from(INLINE)) + draw(st.sampled_from(("", "", "  # c"))), []
    if kind == 3:
        lines = draw(st.sampled_from(SEVERAL)).replace("%", " " * (indent + 2)).split("\n")
        return lines[0], lines[1:]
    if kind == 4:
        header = draw(st.sampled_from(HEADERS))
        return header, [" " * (indent + 2) + line if line else "" for line in draw(st.sampled_from(BLOCKS))]
    comment = draw(st.sampled_from(("", "", "# c", "&an")))
    if kind <= 7:
        return comment, draw(mappings(indent + draw(st.sampled_from((2, 2, 4, 1))), depth - 1))
    return comment, draw(sequences(indent + draw(st.sampled_from((0, 2))), depth - 1))


@st.composite
def mappings(draw: st.DrawFn, indent: int, depth: int) -> list[str]:
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=draw(st.integers(0, 9)) > 0))
    lines: list[str] = []
    for key in keys:
        head, below = draw(values(indent, depth))
        lines += noise(draw, indent)
        lines += [" " * indent + f"{key}: {head}".rstrip(" "), *below]
    return lines + noise(draw, indent)


@st.composite
def sequences(draw: st.DrawFn, indent: int, depth: int) -> list[str]:
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        lines += noise(draw, indent)
        if draw(st.booleans()):
            head, below = draw(values(indent, max(depth, 0)))
            lines += [" " * indent + f"- {head}".rstrip(" "), *below]
        else:
            gap = draw(st.sampled_from((2, 2, 4)))
            inner = draw(
                st.one_of(mappings(indent + gap, depth), sequences(indent + gap, depth))
                if depth > 0
                else mappings(indent + gap, 0)
            )
            while inner and not inner[0].startswith(" " * (indent + gap)):
                inner = inner[1:]
            if inner and inner[0][indent + gap : indent + gap + 1] not in {"#", " ", ""}:
                inner[0] = " " * indent + "-" + inner[0][indent + 1 :]
            else:
                inner = [" " * indent + "-", *inner]
            lines += inner
    return lines + noise(draw, indent)


def noise(draw: st.DrawFn, indent: int) -> list[str]:
    if draw(st.integers(0, 3)):
        return []
    return draw(st.sampled_from(NOISE)).replace("%", " " * indent).split("\n")


@st.composite
def manifests(draw: st.DrawFn) -> str:
    documents = [draw(mappings(0, draw(st.sampled_from((0, 1, 1, 2)))))]
    if draw(st.integers(0, 5)) == 0:
        documents.append(draw(sequences(0, 1)))
    if draw(st.integers(0, 2)) == 0:
        documents[0].insert(0, "z: &an {a: 1}")
    text = "\n---\n".join("\n".join(lines) for lines in documents)
    text += draw(st.sampled_from(("\n", "", "", "\n...\n", "\n# end\n", "\n  # end")))
    return text.replace("\n", "\r\n") if draw(st.integers(0, 5)) == 0 else text


@st.composite
def intents(draw: st.DrawFn, root: Node) -> Intent:
    path, node = draw(st.sampled_from(list(places(root, ()))))
    value = draw(st.sampled_from(VALUES))
    kind = draw(st.integers(0, 19))
    tail = draw(st.sampled_from((("new",), ("new", "below"), ("new", 0), ("new", 0, "below"))))
    if kind == 19:
        return AppendDocument("kind: New\n")
    if path and kind <= 6:
        return DeleteKey(path)
    if path and (kind <= 10 or not isinstance(node, Mapping | Sequence)):
        return SetValue(path, value)
    if isinstance(node, Sequence):
        return AppendItem(path, value)
    return (SetValue if kind <= 16 else AppendItem)((*path, *tail), value)


def places(node: Node, path: KeyPath) -> list[tuple[KeyPath, Node]]:
    found = [(path, node)]
    if isinstance(node, Alias):
        return found
    if isinstance(node, Mapping):
        for key, (_, value) in node.entries.items():
            found += places(value, (*path, key))
    elif isinstance(node, Sequence):
        for index, value in enumerate(node.items):
            found += places(value, (*path, index))
    return found


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_an_edit_does_exactly_what_it_claims_or_is_refused(draws: st.DataObject) -> None:
    text = draws.draw(manifests())
    stream = parse(text)
    assume(stream.documents and all(problem.kind == "duplicate-key" for problem in stream.problems))
    document = draws.draw(st.sampled_from(stream.documents))
    wanted = draws.draw(st.lists(intents(document.root), min_size=1, max_size=2))
    before: list[Data] = [data(each.root) for each in stream.documents]
    try:
        claimed = expected(before, document.number, wanted)
    except ImpossibleIntentError:
        assert isinstance(apply(text, document.number, wanted), Refused)
        return
    result = apply(text, document.number, wanted)
    if isinstance(result, Refused):
        assert result.reason
        return
    again = parse(result.text)
    assert not [problem for problem in again.problems if problem.kind != "duplicate-key"], result.text
    found: list[Data] = [data(each.root) for each in again.documents]
    assert same_data(found, claimed), result.text
    if ruamel_tree(text) == our_tree(text):
        assert ruamel_tree(result.text) == our_tree(result.text), result.text
    if "\r\n" in text:
        assert result.text.count("\r\n") == result.text.count("\n")
    once_more = apply(result.text, document.number, [each for each in wanted if isinstance(each, SetValue)][-1:])
    if len(wanted) == 1:
        assert once_more == Edited(result.text)


@given(st.text())
def test_any_text_is_edited_or_refused_but_never_fails(text: str) -> None:
    result = apply(text, 0, [SetValue(("a", "b"), "c")])
    assert isinstance(result, Edited | Refused)
    if isinstance(result, Edited):
        assert not isinstance(our_tree(result.text), Unreadable)


@given(st.text())
def test_any_string_comes_back_as_it_was(value: str) -> None:
    for text in ("a: 1\n", "{a: 1}\n", '{"a": 1}\n', "a:\n- 1\n", "a: [1]\n"):
        intent = SetValue(("b",), value) if text.find("1]") < 0 and "- " not in text else AppendItem(("a",), value)
        result = apply(text, 0, [intent])
        if isinstance(result, Edited):
            assert same_data(
                [data(each.root) for each in parse(result.text).documents],
                expected([data(parse(text).documents[0].root)], 0, [intent]),
            )
        else:
            assert "surrogate" in result.reason
