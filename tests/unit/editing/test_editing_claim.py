"""What intents mean for plain data."""

import pytest

from gitops_guard.editing.claim import ImpossibleIntentError, expected, ordered, same_data
from gitops_guard.editing.intent import AppendDocument, AppendItem, DeleteKey, EditText, Intent, SetValue
from gitops_guard.syntax.nodes import Data

CLAIMS: tuple[tuple[Data, Intent, Data], ...] = (
    ({"a": 1}, SetValue(("a",), 2), {"a": 2}),
    ({"a": 1}, SetValue(("b", "c", 0, "d"), 2), {"a": 1, "b": {"c": [{"d": 2}]}}),
    ({"a": None}, SetValue(("a", "b"), 2), {"a": {"b": 2}}),
    ({"a": [1]}, SetValue(("a", 1), 2), {"a": [1, 2]}),
    ({"a": [1, 2]}, SetValue(("a", 0), {"b": 1}), {"a": [{"b": 1}, 2]}),
    ({"a": [1]}, AppendItem(("a",), 2), {"a": [1, 2]}),
    ({"a": None}, AppendItem(("a",), 2), {"a": [2]}),
    ({"a": 1}, AppendItem(("b", "c"), 2), {"a": 1, "b": {"c": [2]}}),
    ({"a": 1, "b": 2}, DeleteKey(("a",)), {"b": 2}),
    ({"a": [1, 2]}, DeleteKey(("a", 0)), {"a": [2]}),
    ({"a": {"b": [{"c": 1}]}, "d": 1}, DeleteKey(("a", "b", 0, "c")), {"d": 1}),
)

IMPOSSIBLE: tuple[tuple[Data, Intent], ...] = (
    ({"a": 1}, SetValue((), 1)),
    ({"a": 1}, SetValue(("a", "b"), 1)),
    ({"a": {}}, SetValue(("a", 0), 1)),
    ({"a": [1]}, SetValue(("a", 2), 1)),
    ({"a": 1}, SetValue(("b", 1), 1)),
    ({"a": 1}, AppendItem(("a",), 1)),
    ({"a": 1}, DeleteKey(("a",))),
    ({"a": 1}, DeleteKey(("b",))),
    ({"a": [1]}, DeleteKey(("a", 1))),
    ({"a": 1}, AppendDocument("b: [")),
    ({"a": 1}, EditText(())),
)


@pytest.mark.parametrize(("before", "intent", "after"), CLAIMS)
def test_claim(before: Data, intent: Intent, after: Data) -> None:
    assert expected([0, before, 0], 1, [intent]) == [0, after, 0]


def test_claims_leave_what_they_are_given_alone() -> None:
    before: Data = {"a": {"b": [1]}}
    expected([before], 0, [AppendItem(("a", "b"), 2), DeleteKey(("a", "b", 0))])
    assert before == {"a": {"b": [1]}}


@pytest.mark.parametrize(("before", "intent"), IMPOSSIBLE)
def test_impossible_claim(before: Data, intent: Intent) -> None:
    with pytest.raises(ImpossibleIntentError):
        expected([before], 0, [intent])


def test_a_claim_on_no_document_is_impossible() -> None:
    with pytest.raises(ImpossibleIntentError, match="no document 1"):
        expected([{"a": 1}], 1, [SetValue(("a",), 1)])


def test_an_appended_document_is_the_last() -> None:
    assert expected([{"a": 1}], 0, [AppendDocument("b: 1\n")]) == [{"a": 1}, {"b": 1}]


def test_order() -> None:
    first, last = SetValue(("a",), 1), AppendItem(("b",), 1)
    deletions = [DeleteKey(("l", 2)), DeleteKey(("l", 10)), DeleteKey(("l", 2, "x"))]
    assert ordered([deletions[0], first, *deletions[1:], last]) == [first, last, deletions[1], deletions[0]]


@pytest.mark.parametrize(
    ("left", "right"), [(1, True), (1, 1.0), ("1", 1), (None, False), ([1], [1, 2]), ({"a": 1}, {"b": 1})]
)
def test_different_data(left: Data, right: Data) -> None:
    assert not same_data(left, right)
    assert not same_data({"a": [left]}, {"a": [right]})


def test_the_same_data() -> None:
    assert same_data({"a": [1, float("nan")], "b": None}, {"b": None, "a": [1, float("nan")]})
