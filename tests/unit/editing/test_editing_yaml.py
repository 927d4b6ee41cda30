"""Edits of YAML and JSON text, before and after."""

import textwrap

import pytest

from gitops_guard.editing.intent import AppendDocument, AppendItem, DeleteKey, EditText, Intent, SetValue
from gitops_guard.editing.yaml import Edited, Refused, apply
from gitops_guard.syntax.nodes import Data

PROFILE: Data = {"seccompProfile": {"type": "RuntimeDefault"}}

EDITS: dict[str, tuple[str, Intent, str]] = {
    "a key goes behind the last one, nested as its siblings are": (
        "spec:\n    template:\n        name: a\n",
        SetValue(("spec", "template", "securityContext"), PROFILE),
        (
            "spec:\n    template:\n        name: a\n"
            "        securityContext:\n            seccompProfile:\n                type: RuntimeDefault\n"
        ),
    ),
    "a missing final line end stays missing": ("a: 1", SetValue(("b",), 2), "a: 1\nb: 2"),
    "line ends are copied": ("a: 1\r\n", SetValue(("b", "c"), ["d"]), "a: 1\r\nb:\r\n  c:\r\n  - d\r\n"),
    "comments of the next item stay with it": (
        "- name: a\n# about b\n- name: b\n",
        SetValue((0, "image"), "x"),
        "- name: a\n  image: x\n# about b\n- name: b\n",
    ),
    "a deeper comment stays with the value above": (
        "a:\n  b: 1\n  # c: 2\nd: 1\n",
        SetValue(("e",), 1),
        "a:\n  b: 1\n  # c: 2\nd: 1\ne: 1\n",
    ),
    "a key behind a nested value goes behind its deeper comment": (
        "x:\n  a:\n    b: 1\n    # c: 2\ny: 1\n",
        SetValue(("x", "e"), 1),
        "x:\n  a:\n    b: 1\n    # c: 2\n  e: 1\ny: 1\n",
    ),
    "before an unterminated block scalar": (
        "a:\n  # about b\n  b: |\n    x",
        SetValue(("a", "c"), 1),
        "a:\n  c: 1\n  # about b\n  b: |\n    x",
    ),
    "before an unterminated block scalar behind a dash": (
        "- a: >\n    x",
        SetValue((0, "c"), 1),
        "- c: 1\n  a: >\n    x",
    ),
    "behind an unterminated block scalar that strips": ("a: |-\n  x", SetValue(("b",), 1), "a: |-\n  x\nb: 1"),
    "behind a block scalar, before its blank lines": ("a: |\n  x\n\n\n", SetValue(("b",), 1), "a: |\n  x\nb: 1\n\n\n"),
    "behind the blank lines that a block scalar keeps": ("a: |+\n  x\n\n", SetValue(("b",), 1), "a: |+\n  x\n\nb: 1\n"),
    "an item behind an unterminated block scalar": (
        "a:\n- |\n  x",
        AppendItem(("a",), "z"),
        "a:\n- |-\n  x\n- z",
    ),
    "an empty value is filled": (
        "securityContext: # later\n  # runAsUser: 1\nx: 1\n",
        SetValue(("securityContext", "privileged"), value=False),
        "securityContext: # later\n  privileged: false\n  # runAsUser: 1\nx: 1\n",
    ),
    "empty braces become a block": ("a: {} # c\n", SetValue(("a", "b"), 1), "a: # c\n  b: 1\n"),
    "empty braces on a line of their own": (
        "a:\n  {}\n  # c\nb: 1\n",
        SetValue(("a", "x"), 1),
        "a:\n  x: 1\n  # c\nb: 1\n",
    ),
    "null is filled": ("a: null\n", SetValue(("a", "b"), 1), "a:\n  b: 1\n"),
    "an index one past the end": ("a:\n- b: 1\n", SetValue(("a", 1, "c"), 2), "a:\n- b: 1\n- c: 2\n"),
    "a new list is dashed as the other lists are": (
        "a:\n  - 1\nb: 2\n",
        SetValue(("c",), ["x", ["v", "w"], {"k": 1, "l": [2]}]),
        "a:\n  - 1\nb: 2\nc:\n  - x\n  - - v\n    - w\n  - k: 1\n    l:\n      - 2\n",
    ),
    "wide dashes are copied": (
        "a:\n-   b: 1\n",
        AppendItem(("a",), {"b": 1, "c": 2}),
        "a:\n-   b: 1\n-   b: 1\n    c: 2\n",
    ),
    "braces on one line": ("a: {b: 1} # c\n", SetValue(("a", "x"), "y, z"), 'a: {b: 1, x: "y, z"} # c\n'),
    "braces with inner blanks": ("a: { b: 1 }\n", SetValue(("a", "c", "d"), [1]), "a: { b: 1, c: {d: [1]} }\n"),
    "braces over several lines": (
        "a: {\n  b: 1, # c\n  d: 2 # e\n}\n",
        SetValue(("a", "f"), 3),
        "a: {\n  b: 1, # c\n  d: 2, # e\n  f: 3\n}\n",
    ),
    "a trailing comma stays": ("a: [\n  b,\n]\n", AppendItem(("a",), "c"), "a: [\n  b,\n  c,\n]\n"),
    "quoted items": ("a: ['x']\nb:\n- \"y\"\n", AppendItem(("b",), "z"), 'a: [\'x\']\nb:\n- "y"\n- "z"\n'),
    "JSON": (
        '{\n  "a": {\n    "b": 1\n  }\n}\n',
        SetValue(("a", "c"), {"defaultMode": 288, "d": ["e", None]}),
        (
            '{\n  "a": {\n    "b": 1,\n    "c": {\n      "defaultMode": 288,\n      "d": [\n        "e",\n'
            "        null\n      ]\n    }\n  }\n}\n"
        ),
    ),
    "JSON without blanks": (
        '{"a":{"b":1,"c":"d"}}',
        SetValue(("a", "e"), {"f": "g"}),
        '{"a":{"b":1,"c":"d","e":{"f":"g"}}}',
    ),
    "JSON with tabs": ('{\n\t"a": 1\n}\n', SetValue(("b",), ["c"]), '{\n\t"a": 1,\n\t"b": [\n\t\t"c"\n\t]\n}\n'),
    "a scalar keeps its quotes and comment": ('a:  "x"   # c\n', SetValue(("a",), "y"), 'a:  "y"   # c\n'),
    "a scalar of another type loses them": ("a: 'x' # c\n", SetValue(("a",), 1), "a: 1 # c\n"),
    "a string that would be read as something else is quoted": ("a: x\n", SetValue(("a",), "on"), 'a: "on"\n'),
    "the quotes of the file": ("a: 'x'\nb: 'y'\n", SetValue(("c",), "0400"), "a: 'x'\nb: 'y'\nc: '0400'\n"),
    "file modes are octal": ("a: 420\n", SetValue(("defaultMode",), 0o440), "a: 420\ndefaultMode: 0440\n"),
    "text of several lines": ("a: x # c\nb: 1\n", SetValue(("a",), "l\nm\n"), "a: | # c\n  l\n  m\nb: 1\n"),
    "a literal would swallow the comment": ("a: x\n   # c\n", SetValue(("a",), "l\nm\n"), 'a: "l\\nm\\n"\n   # c\n'),
    "a block becomes a scalar": ("a: # c\n  b: 1 # d\ne: 1\n", SetValue(("a",), 2), "a: 2 # c\ne: 1\n"),
    "a literal becomes a scalar": ("a: |\n  x\n\nb: 1\n", SetValue(("a",), "z"), "a: z\n\nb: 1\n"),
    "a value on the next line": ("a:\n  'x'\n", SetValue(("a",), "z"), "a:\n  'z'\n"),
    "a flow value stays one": ('a: ["sh", "-c"]\n', SetValue(("a",), ["sh"]), 'a: ["sh"]\n'),
    "an alias is replaced where it stands": ("a: &x 1\nb: *x\n", SetValue(("b",), 2), "a: &x 1\nb: 2\n"),
    "an alias is deleted where it stands": ("a: &x 1\nb: *x\n", DeleteKey(("b",)), "a: &x 1\n"),
    "an unused anchor goes": ("a: &x\n  b: 1\nc: 1\n", SetValue(("a",), 2), "a: 2\nc: 1\n"),
    "the same value is left as it is written": ("a: 0x1B8\n", SetValue(("a",), 440), "a: 0x1B8\n"),
    "a key beside a merge": (
        "a: &x {b: 1}\nc:\n  <<: *x\n  d: 1\n  e: 2\n",
        DeleteKey(("c", "d")),
        "a: &x {b: 1}\nc:\n  <<: *x\n  e: 2\n",
    ),
    "a new key beside a merge": (
        "a: &x {b: 1}\nc: {<<: *x}\n",
        SetValue(("c", "d"), 1),
        "a: &x {b: 1}\nc: {<<: *x, d: 1}\n",
    ),
    "a key goes with its comments": (
        "x:\n  a: 1\n\n  # one\n  # two\n  b: # c\n    d: 1\n    # deeper\n\n  e: 1\n",
        DeleteKey(("x", "b")),
        "x:\n  a: 1\n\n  e: 1\n",
    ),
    "the head of the file stays": ("# licence\na: 1\nb: 1\n", DeleteKey(("a",)), "# licence\nb: 1\n"),
    "the dash moves": ("- name: a # c\n  image: b\n", DeleteKey((0, "name")), "- image: b\n"),
    "the dash moves below the comments": (
        "l:\n- name: a\n  # about it\n  image: b\n",
        DeleteKey(("l", 0, "name")),
        "l:\n# about it\n- image: b\n",
    ),
    "a dash behind a dash": ("- - a\n  - b\n", DeleteKey((0, 0)), "- - b\n"),
    "the only key takes its parents along": ("a: 1\nb:\n  env:\n  - name: x\n", DeleteKey(("b", "env", 0)), "a: 1\n"),
    "no key is left without a value": ("a: 1\nenv: [x]\n", DeleteKey(("env", 0)), "a: 1\n"),
    "blank lines that would join a kept scalar go": (
        "a: |+\n  x\nb: 1\n\nc: 1\n",
        DeleteKey(("b",)),
        "a: |+\n  x\nc: 1\n",
    ),
    "the last key, without a final line end": ("a: 1\nb: 2", DeleteKey(("b",)), "a: 1\n"),
    "within braces: first": ("{a: 1, b: 2}\n", DeleteKey(("a",)), "{b: 2}\n"),
    "within braces: last": ("{a: 1, b: 2}\n", DeleteKey(("b",)), "{a: 1}\n"),
    "JSON: last": ('{\n  "a": 1,\n  "b": [1, 2]\n}\n', DeleteKey(("b",)), '{\n  "a": 1\n}\n'),
    "a document": ("a: 1\n", AppendDocument("b: 1\n"), "a: 1\n---\nb: 1\n"),
    "a document behind no line end": ("a: 1", AppendDocument("b: 1"), "a: 1\n---\nb: 1\n"),
    "a document behind an end marker": ("a: 1\n...\n", AppendDocument("---\nb: 1\n"), "a: 1\n...\n---\nb: 1\n"),
    "a document with other line ends": ("a: 1\r\n", AppendDocument("b: 1\n"), "a: 1\r\n---\r\nb: 1\r\n"),
    "a document behind an unterminated literal": ("a: |\n  x", AppendDocument("b: 1\n"), "a: |-\n  x\n---\nb: 1\n"),
    "a document in an empty file": ("", AppendDocument("b: 1\n"), "b: 1\n"),
}
REFUSED: dict[str, tuple[str, Intent, str]] = {
    "a template": ("a: {{ x }}\n", SetValue(("b",), 1), "template"),
    "a broken file": ("a: 1\n---\nb: [\n", SetValue(("b",), 1), "cannot be read completely: line"),
    "through an alias": ("a: &x {b: 1}\nc: *x\n", SetValue(("c", "b"), 2), "alias *x"),
    "appending to an alias": ("a: &x [1]\nc: *x\n", AppendItem(("c",), 2), "alias *x"),
    "below a used anchor": ("a: &x {b: 1}\nc: *x\n", SetValue(("a", "b"), 2), "anchor that is used elsewhere"),
    "appending to a used anchor": ("a: &x [1]\nc: *x\n", AppendItem(("a",), 2), "anchor that is used elsewhere"),
    "deleting a used anchor": ("a:\n  b: &x 1\nc: *x\n", DeleteKey(("a",)), "anchor that is used elsewhere"),
    "through a merge": ("a: &x {b: 1}\nc: {<<: *x, d: 1}\n", SetValue(("c", "b"), 2), "merge"),
    "deleting beside a merge": ("a: &x {b: 1}\nc: {<<: *x, b: 1, d: 1}\n", DeleteKey(("c", "b")), "merge"),
    "the only key beside a merge": ("a: &x {b: 1}\nc: {<<: *x, d: 1}\n", DeleteKey(("c", "d")), "merge"),
    "explicit keys": ("? a\n: b\n", SetValue(("c",), 1), "explicit `?`"),
    "explicit keys in braces": ("{? a : b}\n", SetValue(("c",), 1), "explicit `?`"),
    "a tab behind a dash": ("a:\n-\t1\n", AppendItem(("a",), 1), "tabs"),
    "a tab before a key": ("a:\n\tb: 1\n", SetValue(("a", "b"), 1), "tabs"),
    "a repeated key": ("a: 1\na: 2\n", SetValue(("a",), 3), "repeated"),
    "an index beyond the end": ("a: [1]\n", SetValue(("a", 2), 3), "beyond the end"),
    "an index beyond the end of a new list": ("a: 1\n", SetValue(("b", 1), 3), "beyond the end"),
    "a key of a list": ("a: [1]\n", SetValue(("a", "b"), 3), "is a list"),
    "a key of a scalar": ("a: x\n", SetValue(("a", "b"), 3), "is a single value"),
    "an item of a mapping": ("a: {b: 1}\n", AppendItem(("a",), 3), "is not a list"),
    "deleting nothing": ("a: 1\n", DeleteKey(("b",)), "there is nothing"),
    "deleting everything": ("a:\n  b: 1\n", DeleteKey(("a", "b")), "nothing would be left"),
    "the whole document": ("a: 1\n", SetValue((), 1), "whole document"),
    "an empty document": ("---\n", SetValue(("a",), 1), "empty"),
    "no document": ("# nothing\n", SetValue(("a",), 1), "no document"),
    "a mapping without braces": ("[a: 1]\n", SetValue((0, "b"), 1), "without braces"),
    "a comment in a flow list": ("[a, # c\nb]\n", DeleteKey((0,)), "a comment stands between"),
    "another line break": ('a: "x\u2028y"\n', SetValue(("b",), 1), "line break"),
    "a key that is too long": ("a: 1\n", SetValue(("b" * 1100,), 1), "too long"),
    "a key that is too long in braces": ("{a: 1}\n", SetValue(("b" * 1100,), 1), "too long"),
    "half a character": ("a: 1\n", SetValue(("b",), "\ud800"), "surrogate"),
    "a second JSON document": ('{"a": 1}\n', AppendDocument("b: 1\n"), "JSON"),
    "two documents at once": ("a: 1\n", AppendDocument("b: 1\n---\nc: 1\n"), "not one readable document"),
    "a broken document": ("a: 1\n", AppendDocument("b: [\n"), "not one readable document"),
    "text": ("a: 1\n", EditText(()), "not one of a YAML document"),
}


@pytest.mark.parametrize("name", EDITS)
def test_edit(name: str) -> None:
    before, intent, after = EDITS[name]
    assert apply(before, 0, [intent]) == Edited(after)


@pytest.mark.parametrize("name", REFUSED)
def test_refusal(name: str) -> None:
    before, intent, reason = REFUSED[name]
    result = apply(before, 0, [intent])
    assert isinstance(result, Refused)
    assert reason in result.reason


def test_only_the_named_document_changes() -> None:
    assert apply("a: 1\n---\na: 1\n---\na: 1\n", 1, [SetValue(("a",), 2)]) == Edited("a: 1\n---\na: 2\n---\na: 1\n")


def test_deletions_come_last_and_from_the_back() -> None:
    intents: list[Intent] = [
        DeleteKey(("l", 0)),
        DeleteKey(("l", 2)),
        SetValue(("l", 1), "new"),
        DeleteKey(("l", 2, "inner")),
    ]
    assert apply("l: [a, b, c, d]\n", 0, intents) == Edited("l: [new, d]\n")
    assert apply("l: [a, b, {inner: 1}, d]\n", 0, [*intents, DeleteKey(("l", 2, "inner"))]) == Edited("l: [new, d]\n")


def test_one_refusal_refuses_all() -> None:
    assert isinstance(apply("a: 1\n", 0, [SetValue(("b",), 1), DeleteKey(("c",))]), Refused)


def test_the_line_ends_of_the_file_outlive_its_first_line() -> None:
    intents: list[Intent] = [SetValue(("a",), 1), SetValue(("b",), 2)]
    assert apply("a: [\r\n1]", 0, intents) == Edited("a: 1\r\nb: 2")


def test_a_hardened_container() -> None:
    before = textwrap.dedent("""\
        spec:
          containers:
          # the proxy
          - name: proxy # fronts
            # kept by the bot
            image: "envoy:1"
            securityContext:
              privileged: true # needed?
            volumeMounts: []

          # the app
          - name: app
            image: app:1
          volumes: {}
        # end
    """)
    after = textwrap.dedent("""\
        spec:
          containers:
          # the proxy
          - name: proxy # fronts
            # kept by the bot
            image: "envoy:1@sha256:00"
            securityContext:
              capabilities:
                drop:
                - ALL
            volumeMounts:
            - name: tmp
              mountPath: /cache

          # the app
          - name: app
            image: app:1
            securityContext:
              runAsNonRoot: true
        # end
    """)
    intents: list[Intent] = [
        SetValue(("spec", "containers", 0, "image"), "envoy:1@sha256:00"),
        DeleteKey(("spec", "containers", 0, "securityContext", "privileged")),
        SetValue(("spec", "containers", 0, "securityContext", "capabilities", "drop"), ["ALL"]),
        AppendItem(("spec", "containers", 0, "volumeMounts"), {"name": "tmp", "mountPath": "/cache"}),
        SetValue(("spec", "containers", 1, "securityContext", "runAsNonRoot"), value=True),
        DeleteKey(("spec", "volumes")),
    ]
    assert apply(before, 0, intents) == Edited(after)
