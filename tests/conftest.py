"""What all tests share: a real component that is missing is a failure where all of them were promised."""

import os
from collections.abc import Generator, Iterator

import pytest

from api_server import Server, started


@pytest.fixture(scope="module")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real API server, started when the first test of a module asks."""
    yield from started(tmp_path_factory.mktemp("server"))


_DOCKER = frozenset(("test_action_image.py", "test_example_workflows.py"))
"""Modules that share one Docker daemon."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts what takes minutes first, so that nothing waits for it in the end."""
    items.sort(key=lambda item: item.path.name not in _DOCKER)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Keeps a module's tests in one process, and those of the Docker daemon too: what they share is made once."""
    from xdist.scheduler import (  # type: ignore[import-untyped] # noqa: PLC0415 - only where tests are spread
        LoadScopeScheduling,
    )

    class ByModule(LoadScopeScheduling):  # type: ignore[misc] # the package has no types
        def _split_scope(self, nodeid: str) -> str:
            module = nodeid.partition("::")[0]
            return "docker" if module.rpartition("/")[2] in _DOCKER else module

    return ByModule(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turns a skipped `real` test into a failure when GITOPS_GUARD_REQUIRE_REAL=1."""
    report = yield
    without_oracles = os.environ.get("GITOPS_GUARD_NO_ORACLES") == "1" and "oracle" in str(report.longrepr).lower()
    required = os.environ.get("GITOPS_GUARD_REQUIRE_REAL") == "1" and not hasattr(report, "wasxfail")
    if required and not without_oracles and report.skipped and item.get_closest_marker("real") is not None:
        report.outcome = "failed"
        report.longrepr = f"a real component is missing: {report.longrepr}"
    return report
