"""Which instance a comment belongs to."""

import pytest

from gitops_guard.github.instance import instance_key

HERE = {"GITHUB_WORKFLOW": "review", "GITHUB_JOB": "guard", "INPUT_MATRIX": "null", "INPUT_COMMENT-KEY": ""}


def test_the_same_job_is_the_same_instance_in_every_run() -> None:
    assert instance_key(HERE) == instance_key(HERE | {"GITHUB_RUN_ID": "2", "GITHUB_SHA": "f"})
    assert (
        instance_key(HERE) == instance_key(HERE | {"INPUT_MATRIX": "{}"}) == instance_key(HERE | {"INPUT_MATRIX": ""})
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_WORKFLOW", "other"),
        ("GITHUB_JOB", "other"),
        ("INPUT_MATRIX", '{"cluster": "eu"}'),
        ("INPUT_COMMENT-KEY", "other"),
        ("GITHUB_WORKFLOW", "\udcff -->"),
    ],
)
def test_what_tells_instances_apart(name: str, value: str) -> None:
    key = instance_key(HERE | {name: value})
    assert key != instance_key(HERE)
    assert len(key) == 8
    assert key.isalnum()


def test_values_cannot_be_shifted_from_one_name_to_the_next() -> None:
    one = instance_key({"GITHUB_WORKFLOW": "a", "GITHUB_JOB": 'b", "c'})
    assert one != instance_key({"GITHUB_WORKFLOW": 'a", "b', "GITHUB_JOB": "c"})
