"""What fixes of secrets must never do."""

from datetime import date

import pytest

from gitops_guard.engine import Detection, rule_set
from gitops_guard.finding import DISPLAY_ONLY, NEEDS_REVIEW
from gitops_guard.fixing import groups, solve
from gitops_guard.inspection import Rules
from gitops_guard.pipeline import all_rules
from gitops_guard.rule import Rule, RuleContext
from gitops_guard.rules import manifest_rules
from gitops_guard.rules.sec import SEC
from gitops_guard.settings import Settings
from gitops_guard.source_file import SourceFile
from gitops_guard.workbench import Workbench

SECRET = "kiQ7-rover-secret-text"
HEAD = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: shop\nspec:\n  selector: {matchLabels: {app: shop}}\n"
POD = HEAD + "  template:\n    metadata:\n      labels: {app: shop}\n    spec:\n      containers:\n"
DB = "        - name: db\n          image: %s\n          env:\n"
REFERENCE = (
    "            - name: %s\n              valueFrom:\n                secretKeyRef: {name: db, key: password}\n"
)
PLAIN = "            - name: %s\n              value: " + SECRET + "\n"


def bench(rules: tuple[Rule, ...] = SEC) -> Workbench:
    one = rule_set(rules)
    return Workbench(Rules(one, lambda: one), RuleContext(Settings(), date(2026, 11, 24)), {})


def found(text: str) -> list[Detection]:
    return bench().detections(SourceFile("a.yaml", text))[1]


def fix_of(text: str, rule: str) -> Detection:
    (one,) = [d for d in found(text) if d.finding.rule_id == rule]
    return one


def test_known_image_gets_a_patch_to_review_and_an_unknown_one_a_patch_to_read() -> None:
    known = fix_of(POD + DB % "postgres:16.4" + REFERENCE % "POSTGRES_PASSWORD", "GG-SEC-002")
    unknown = fix_of(
        POD + DB % "evil.example/docker.io/library/postgres:16" + REFERENCE % "POSTGRES_PASSWORD", "GG-SEC-002"
    )
    assert known.fix is not None
    assert known.fix.safety == NEEDS_REVIEW
    assert unknown.fix is not None
    assert unknown.fix.safety == DISPLAY_ONLY


@pytest.mark.parametrize("image", ["rabbitmq:4", "quay.io/keycloak/keycloak:26.0"])
@pytest.mark.parametrize("form", [REFERENCE, PLAIN])
def test_refusing_images_get_none(image: str, form: str) -> None:
    assert all(d.fix is None for d in found(POD + DB % image + form % "RABBITMQ_DEFAULT_PASS"))


@pytest.mark.parametrize(
    "extra",
    [
        '          args: ["--password=$(POSTGRES_PASSWORD)"]\n',
        '          command: [sh, -c, "psql $POSTGRES_PASSWORD"]\n',
        "          volumeMounts: [{name: x, mountPath: /run/secrets}]\n      volumes: [{name: x, emptyDir: {}}]\n",
        "      volumes:\n        - name: secret-db\n          emptyDir: {}\n",
        "            - name: POSTGRES_PASSWORD_FILE\n              value: /x\n",
    ],
)
def test_no_fix_where_it_would_break(extra: str) -> None:
    text = POD + DB % "postgres:16.4" + REFERENCE % "POSTGRES_PASSWORD" + extra
    assert fix_of(text, "GG-SEC-002").fix is None


@pytest.mark.parametrize("form", [REFERENCE, PLAIN])
@pytest.mark.parametrize("pod", ["", "      securityContext: {runAsNonRoot: true, runAsUser: 999}\n"])
def test_all_fixes_together_are_proved_under_all_rules(form: str, pod: str) -> None:
    text = (
        POD.replace("      containers:\n", pod + "      containers:\n")
        + DB % "postgres:16.4"
        + form % "POSTGRES_PASSWORD"
    )
    text += DB.replace("name: db", "name: two") % "mysql:8.4" + form % "MYSQL_PASSWORD"
    wanted = bench(manifest_rules())
    file = SourceFile("a.yaml", text)
    detections = wanted.detections(file)[1]
    secrets = [d for d in detections if d.finding.rule_id.startswith("GG-SEC")]
    group = next(g for g in groups(secrets) if g.detections[0].finding.fix is not None)
    solution = solve(file, group, wanted.bench(detections))
    assert solution.refused == ()
    assert solution.patch is not None
    assert SECRET not in solution.patch.diff
    assert solution.patch.files[0].after.count("secretName:") == 1


def test_messages_and_notes_hold_no_secret() -> None:
    annotated = POD.replace("  name: shop\n", f"  name: shop\n  annotations: {{password: {SECRET}}}\n", 1)
    text = (
        annotated + DB % "postgres:16.4" + PLAIN % "POSTGRES_PASSWORD" + f'          args: ["--db-password={SECRET}"]\n'
    )
    text += f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{password: {SECRET}}}\n"
    text += f"---\napiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData: {{password: {SECRET}}}\n"
    detections = found(text)
    assert {d.finding.rule_id[-1] for d in detections} >= {"1", "7", "8", "9"}
    for one in detections:
        shown = (one.finding.message, one.finding.stem, repr(one.finding.place.keypath), repr(one.fix))
        assert not any(SECRET in part for part in shown)
        assert any(SECRET in text[slice(*span)] for span in one.finding.masked)


def test_every_rule_is_listed_once() -> None:
    assert [rule.id for rule in SEC] == sorted({rule.id for rule in SEC})
    assert {rule.id for rule in SEC} <= {rule.id for rule in all_rules()}


def test_variables_of_one_name_in_two_containers_get_two_keys() -> None:
    text = POD + DB % "postgres:16.4" + PLAIN % "POSTGRES_PASSWORD"
    text += DB.replace("name: db", "name: two") % "postgres:16.4" + PLAIN % "POSTGRES_PASSWORD"
    values = {repr(d.fix.intents[1]) for d in found(text) if d.fix is not None}
    assert len(values) == 2


def test_a_secret_behind_an_alias_is_masked_where_it_stands() -> None:
    text = POD + DB % "postgres:16.4" + f"            - {{name: NOTE, value: &it {SECRET}}}\n"
    text += "            - {name: DB_PASSWORD, value: *it}\n"
    (one,) = found(text)
    assert any(SECRET in text[slice(*span)] for span in one.finding.masked)


@pytest.mark.parametrize(
    "rest",
    [
        "          env: [1, null, {name: 5, value: [a]}, {name: A, valueFrom: {secretKeyRef: {}}}]\n",
        "          envFrom: [{secretRef: {}}, 3]\n          volumeMounts: 3\n          args: {a: b}\n",
        "          volumeMounts: [{name: []}, 5]\n      volumes: [{name: {}, secret: {}}, x]\n",
    ],
)
def test_malformed_manifests_are_read_without_errors_or_fixes(rest: str) -> None:
    assert all(one.fix is None for one in found(POD + "        - name: db\n" + rest))
