"""The objects of documents, lists of them included."""

import pytest

from gitops_guard.model.kubernetes_object import objects
from gitops_guard.syntax.yaml import parse


def found(text: str) -> list[tuple[str, str, str]]:
    every = (obj for document in parse(text).documents for obj in objects(document))
    return [(obj.identity.api_version, obj.kind, obj.identity.name) for obj in every]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n", [("v1", "Pod", "a")]),
        (
            (
                "apiVersion: v1\nkind: List\nitems:\n"
                "- {apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}\n- {kind: x}\n"
            ),
            [("apps/v1", "Deployment", "a")],
        ),
        (
            (
                "apiVersion: v1\nkind: PodList\nitems:\n"
                "- {metadata: {name: a}}\n- {apiVersion: v1, kind: Pod, metadata: {name: b}}\n"
            ),
            [("v1", "Pod", "a"), ("v1", "Pod", "b")],
        ),
        ("apiVersion: v1\nkind: List\nitems: [{metadata: {name: a}}, text, null]\n", []),
        ("kind: PodList\nitems: [{metadata: {name: a}}]\n", []),
        ("apiVersion: v1\nkind: AllowList\nmetadata: {name: a}\n", [("v1", "AllowList", "a")]),
        ("kind: Pod\n", []),
        ("- a\n", []),
    ],
)
def test_objects(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert found(text) == expected
