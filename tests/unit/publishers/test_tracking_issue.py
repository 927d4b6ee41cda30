"""The text of a tracking issue: what it counts, what it leaves out, and how long it gets."""

from datetime import date
from pathlib import Path

import pytest

from gitops_guard import pipeline
from gitops_guard.finding import WAIVED
from gitops_guard.publishers import tracking_issue, tracking_pages
from gitops_guard.publishers.tracking_issue import Box, Tracked, Where, closing, compose
from gitops_guard.report import Report, WaiverNote
from gitops_guard.settings import Settings
from gitops_guard.sweeping.scan import scan_tree
from gitops_guard.tracking.state import EMPTY, Seen, State, Sweep, updated

DAY = date(2026, 11, 23)
WHERE = Where("https://github.example", "acme/shop", "main", "c" * 40)
POD = """apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: s}}
spec: {{containers: [{{name: c, image: nginx, securityContext: {{privileged: true}}}}]}}
"""


def scanned(folder: Path, names: list[str]) -> Report:
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(POD.format(name=f"p{len(name)}"))
    run = pipeline.Run(str(folder), Settings(), DAY)
    return scan_tree(run, ()).report._replace(rules=pipeline.summaries())


def state_of(report: Report, *, complete: bool = True) -> State:
    seen = [
        Seen(f.fingerprint, f.rule_id, int(f.severity), f.place.path, f.status == WAIVED)
        for f in report.by_place.findings
    ]
    return updated(EMPTY, seen, Sweep(WHERE.commit, DAY, complete))


def tracked(report: Report) -> Tracked:
    return Tracked(report, state_of(report), WHERE)


def test_rows_are_by_severity_and_rule_with_links(tmp_path: Path) -> None:
    text = compose(tracked(scanned(tmp_path, ["a.yaml", "b/c d.yaml"]))).head(())
    rows = [line for line in text.split("\n") if line.startswith(("| critical |", "| medium |", "| low |"))]
    assert [row.split(" | ")[0] for row in rows] == sorted((row.split(" | ")[0] for row in rows), key="| c| m| l".find)
    first = f"[`a.yaml:4`](https://github.example/acme/shop/blob/{WHERE.commit}/a.yaml#L4)"
    second = f"[`b/c d.yaml:4`](https://github.example/acme/shop/blob/{WHERE.commit}/b/c%20d.yaml#L4)"
    assert f"`GG-POD-001` Privileged container (2) | {first}<br>{second} |" in rows[0]


def test_the_same_values_give_the_same_text(tmp_path: Path) -> None:
    report = scanned(tmp_path, ["a.yaml", "b.yaml"])
    assert compose(tracked(report)).head(()) == compose(tracked(report)).head(())


def test_waivers_are_named_where_somebody_has_to_act(tmp_path: Path) -> None:
    notes = tuple(
        WaiverNote(f"GG-POD-00{number}", f"apps/{number}", "platform", "", expires, state, "x")
        for number, (expires, state) in enumerate(
            [("2026-12-23", "used"), ("2026-12-24", "used"), ("2030-01-01", "unused"), ("", "void")], 1
        )
    )
    text = compose(tracked(scanned(tmp_path, ["a.yaml"])._replace(waivers=notes))).head(())
    assert "- **expires on 2026-12-23**: `GG-POD-001` in `apps/1` (owner `platform`)" in text
    assert "GG-POD-002` in" not in text
    assert "- **unused**: `GG-POD-003` in `apps/3`" in text
    assert "- **waives nothing**: `GG-POD-004` in `apps/4`" in text


def test_what_fits_in_no_part_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking_issue, "SIZE", 8_000)
    monkeypatch.setattr(tracking_pages, "SIZE", 3_000)
    monkeypatch.setattr(tracking_issue, "MOST_PARTS", 2)
    report = scanned(tmp_path, [f"team-{number}/{'x' * number}.yaml" for number in range(1, 30)])
    text = compose(tracked(report)._replace(owners=lambda path: (f"@acme/{path.partition('/')[0]}",)))
    assert len(text.parts) == 2
    parts = (text.head(["https://x/1", "https://x/2"]), *text.parts)
    assert "[part 2](https://x/1), [part 3](https://x/2)" in parts[0]
    rows = sum(
        line.startswith(("| critical", "| high", "| medium", "| low", "| info"))
        for p in parts
        for line in p.split("\n")
    )
    wanted = len({(f.rule_id, f.place.path.partition("/")[0]) for f in report.by_place.open})
    assert f"**{wanted - rows:,} more rows do not fit here**" in parts[-1]


def test_every_part_keeps_below_the_limit_of_github(tmp_path: Path) -> None:
    names = [f"{number}-{'d' * 200}/{'e' * 240}.yaml" for number in range(90)]
    report = scanned(tmp_path, names)
    boxes = tuple(Box(f"gg-{number}", "x" * 300) for number in range(60))
    text = compose(tracked(report)._replace(owners=lambda path: (path[:90],), boxes=boxes))
    assert len(text.parts) >= 4
    assert all(len(part) < 65_000 for part in (text.head(["https://x" * 20] * len(text.parts)), *text.parts))


def test_only_a_complete_sweep_without_problems_closes(tmp_path: Path) -> None:
    clean = scanned(tmp_path, [])
    assert closing(Tracked(clean, state_of(clean), WHERE))
    assert not closing(Tracked(clean, state_of(clean, complete=False), WHERE))
    report = scanned(tmp_path, ["a.yaml"])
    assert not closing(tracked(report))
