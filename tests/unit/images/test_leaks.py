"""Secrets that images carry: found by name and form, never shown."""

import pytest

from gitops_guard.facts.image import Leak
from gitops_guard.images.leaks import leaks_of

STEP = Leak("a credential in a step of its history", certain=True)
TOKEN = "gh" + "p_" + "a9F3kLq82Zxa9F3kLq82Zxa9F3kLq82Zxa9F"


@pytest.mark.parametrize(
    ("environment", "steps", "expected"),
    [
        (["DB_PASSWORD=kiQ7-rover"], [], [Leak("environment variable DB_PASSWORD")]),
        ([f"A={TOKEN}"], [], [Leak("environment variable A", certain=True)]),
        (["DATABASE=mysql://shop:kiQ7-rover@db:3306/shop"], [], [Leak("environment variable DATABASE", certain=True)]),
        ([], ["RUN |1 NPM_TOKEN=a9F3kLq82Zxa9F3kLq82Zx /bin/sh -c npm ci"], [Leak("build argument NPM_TOKEN")]),
        ([], ["/bin/sh -c #(nop)  ENV PASSWORD=kiQ7-rover"], [Leak("environment variable PASSWORD")]),
        ([], ["RUN git clone https://me:kiQ7-rover@example.com/a.git"], [STEP]),
        (["PATH=/bin", "PASSWORD_FILE=/run/secrets/db", "PASSWORD=", "TOKEN=${TOKEN}"], [], []),
        ([], ["RUN |1 NPM_TOKEN= /bin/sh -c npm ci", 'CMD ["--token=x"]'], []),
        ([f"{TOKEN}=x"], [], []),
    ],
)  # fmt: skip
def test_leaks(environment: list[str], steps: list[str], expected: list[Leak]) -> None:
    config = {"config": {"Env": environment}, "history": [{"created_by": step} for step in steps]}
    found = leaks_of(config)
    assert list(found) == expected
    assert not any("kiQ7" in leak.what or TOKEN in leak.what for leak in found)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"config": None},
        {"config": {"Env": "A=b"}},
        {"config": {"Env": [1, None]}},
        {"history": {}},
        {"history": [1, {}]},
    ],
)
def test_odd_configurations_leak_nothing(config: dict[str, object]) -> None:
    assert leaks_of(config) == ()
