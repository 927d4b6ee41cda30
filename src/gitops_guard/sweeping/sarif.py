"""The SARIF of a sweep within GitHub's limits, one category for each shard."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_guard.github.code_scanning import SHOWN, compressed, fits, upload
from gitops_guard.github.place import Place
from gitops_guard.publishers import sarif
from gitops_guard.report import ReadText, Report
from gitops_guard.sharding.plan import shard_of
from gitops_guard.sweeping.scan import Whole

if TYPE_CHECKING:
    from gitops_guard.github.transport import Transport


def upload_sweep(  # noqa: PLR0913, PLR0917 - what, whereto, and how it is named
    transport: "Transport", place: Place, report: Report, whole: Whole, read_text: ReadText, category: str
) -> Iterator[str]:
    """Uploads the results and says what became of them.

    A sweep that is not complete uploads nothing: what it did not see would be closed as fixed.
    """
    if not whole.complete:
        yield "SARIF is not uploaded: the sweep is not complete, and alerts that it did not see would be closed"
        return
    for number in range(1, whole.shards + 1):
        name = "/".join(filter(None, (category, f"{number}-of-{whole.shards}" if whole.shards > 1 else "")))
        part = report.by_place
        found = tuple(f for f in part.findings if shard_of(f.place.path, whole.shards) == number)
        packed, shown = _packed(part._replace(findings=found), read_text, name)
        if shown < len(found):
            yield f"SARIF {name or 'gitops-guard'}: the {shown:,} most severe of {len(found):,} results are uploaded"
        done = upload(transport, place.repository, whole.commit, place.ref or "refs/heads/main", packed)
        yield f"SARIF {name or 'gitops-guard'}: {done.state}" + (f": {done.detail}" if done.detail else "")
        if done.state == "refused":
            return


def _packed(report: Report, read_text: ReadText, category: str) -> tuple[str, int]:
    """The compressed file, and how many results it holds: the most severe ones that fit."""
    most = min(SHOWN, len(report.findings))
    while True:
        packed = compressed(sarif.render(report, read_text, category=category, most=most))
        if fits(packed) or most <= 1:
            return packed, most
        most //= 2
