"""Two parsers, one tree."""

import pytest

from gitops_guard.editing.second_parser import Unreadable, our_tree, ruamel_tree

SAME = (
    "a: 1\nb: [x, 'y']\n",
    "a: |\n  x\n\nb: >-\n  y\n  z",
    "a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 1}\n",
    "a: &x 1\nb: &x 2\nc: *x\n",
    "a: 1\na: 2\n",
    "---\n---\na:\n...\n",
    '{"a": [1, null, {"b": "\\u00e4"}]}\n',
    "a: \U0001f600\n",
    "yes: 0400\n",
    "",
    "# nothing\n",
)


@pytest.mark.parametrize("text", SAME)
def test_both_parsers_read_the_same(text: str) -> None:
    ours = our_tree(text)
    assert not isinstance(ours, Unreadable)
    assert ruamel_tree(text) == ours


def test_the_tree() -> None:
    assert our_tree("a: &x [1, '1']\nb: *x\n---\nc: {<<: d}\n") == [
        {"a": [("1", True), ("1", False)], "b": [("1", True), ("1", False)]},
        {"c": {"<<": ("d", True)}},
    ]


@pytest.mark.parametrize("text", ["a: [", "a: *x\n", "a: &a {b: *a}\n", "{{ x }}\n"])
def test_what_ours_cannot_read(text: str) -> None:
    assert isinstance(our_tree(text), Unreadable)


@pytest.mark.parametrize("text", ["a: [", "a: *x\n", "? [a]\n: b\n", "- " * 5000])
def test_what_the_second_cannot_read(text: str) -> None:
    assert isinstance(ruamel_tree(text), Unreadable)


def test_a_difference_is_seen() -> None:
    assert ruamel_tree("a: '1'\n") != our_tree("a: 1\n")
