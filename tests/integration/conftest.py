"""What several modules share: one daemon with the product's image, because building it takes minutes."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration import action_runner
from integration.action_runner import Docker

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def docker() -> Iterator[Docker]:
    """A daemon that has the product's image and the runner's."""
    if lacking := action_runner.missing():
        if os.environ.get("GITOPS_GUARD_REQUIRE_REAL") == "1":
            pytest.fail(lacking)
        pytest.skip(lacking)
    with action_runner.daemon() as running:
        action_runner.product_image(running, ROOT, action_runner.base_image(running))
        yield running
