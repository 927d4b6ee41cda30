"""Every rule against its own examples: it fires, is fixed exactly, is clean then, and is silent where it should be."""

from datetime import date

import pytest

from gitops_guard.configuration import read
from gitops_guard.engine import Detection, rule_set, scan_repository
from gitops_guard.facts.known import KnownImages
from gitops_guard.fixing import groups, solve
from gitops_guard.inspection import Rules, inspect
from gitops_guard.network.difference import difference
from gitops_guard.network.inference import infer
from gitops_guard.network.opened_paths import opened_paths
from gitops_guard.network.reading import cluster
from gitops_guard.pipeline import all_rules, judge_configuration
from gitops_guard.rule import Example, Rule, RuleContext
from gitops_guard.rules import delivery_rules
from gitops_guard.settings import Settings
from gitops_guard.source_file import SourceFile
from gitops_guard.syntax.field import format_keypath
from gitops_guard.workbench import Workbench
from netpol_objects import located

TODAY = date(2026, 11, 24)
IDS = frozenset(rule.id for rule in all_rules())


def cases(kind: str) -> list[object]:
    return [
        pytest.param(rule, example, id=f"{rule.id}-{number}")
        for rule in all_rules()
        for number, example in enumerate(getattr(rule, kind))
    ]


def workbench(rule: Rule, example: Example) -> Workbench:
    settings = Settings()
    if example.settings:
        settings = read(SourceFile(".gitops-guard.yaml", example.settings), IDS, TODAY)
    one, none = rule_set((rule,)), rule_set(())
    delivers = rule.id in {other.id for other in delivery_rules()}
    rules = Rules(none if delivers else one, lambda: one, dict(example.beside).get, lambda: one if delivers else none)
    known = KnownImages({facts.reference: facts for facts in example.known()})
    context = RuleContext(settings, TODAY, images=known, find_repository=lambda: example.repository)
    beside = {path: inspect(SourceFile(path, text), rules, context).facts for path, text in example.beside}
    return Workbench(rules, context, beside)


def opened(rule: Rule, before: str, after: str) -> list[Detection]:
    objects = [tuple(located(text, "manifest.yaml")) for text in (before, after)]
    base, head = (cluster(those) for those in objects)
    found = difference(base, head)
    by_place = {one.place_of(one.object.field): one.object.identity for one in objects[1]}
    paths = opened_paths(found, base, head, infer(objects[1]), by_place.__getitem__)
    rules, context = rule_set((rule,)), RuleContext(Settings(), TODAY)
    return [one for path in paths for one in scan_repository(path, rules, context)]


def detections(rule: Rule, example: Example, text: str) -> list[Detection]:
    if example.before is not None:
        return opened(rule, example.before, text)
    file = SourceFile(example.path, text)
    if example.path == ".gitops-guard.yaml":
        settings = read(file, IDS, TODAY)
        return judge_configuration(file, settings, rule_set((rule,)), RuleContext(settings, TODAY), changed=False)
    return workbench(rule, example).detections(file)[1]


@pytest.mark.parametrize(("rule", "example"), cases("bad"))
def test_fires_at_the_place(rule: Rule, example: Example) -> None:
    found = detections(rule, example, example.text)
    wanted = (example.at,) if isinstance(example.at, str) else example.at
    assert sorted(format_keypath(one.finding.place.keypath) for one in found) == sorted(wanted)
    for one in found:
        assert set(one.finding.controls) <= set(rule.controls)
        assert one.finding.message
        assert example.text[slice(*one.finding.place.span)] is not None


@pytest.mark.parametrize(("rule", "example"), cases("good"))
def test_stays_silent(rule: Rule, example: Example) -> None:
    assert detections(rule, example, example.text) == []


@pytest.mark.parametrize(("rule", "example"), [c for c in cases("bad") if c.values[1].fixed is not None])  # type: ignore[attr-defined]
def test_fix_is_exact_proved_and_final(rule: Rule, example: Example) -> None:
    bench = workbench(rule, example)
    file = SourceFile(example.path, example.text)
    found = bench.detections(file)[1]
    proposals = groups(found)
    assert proposals
    for group in proposals:
        solution = solve(file, group, bench.bench(found))
        assert solution.refused == ()
        assert solution.patch is not None
        assert solution.patch.proof
        file = file._replace(text=solution.patch.files[0].after)
    assert file.text == example.fixed
    assert [one for one in bench.detections(file)[1] if one.fix is not None] == []


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.id) for rule in all_rules()])
def test_fix_safety_is_what_the_examples_show(rule: Rule) -> None:
    shown = {
        one.fix.safety for example in rule.bad for one in detections(rule, example, example.text) if one.fix is not None
    }
    if rule.fix_safety is None:
        assert shown == set()
    else:
        assert rule.fix_safety in shown
        assert any(example.fixed is not None for example in rule.bad)
