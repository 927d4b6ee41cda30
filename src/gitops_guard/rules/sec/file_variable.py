"""File variables that stop a container from starting."""

from collections.abc import Iterator

from gitops_guard.editing.intent import DeleteKey
from gitops_guard.finding import HIGH
from gitops_guard.model.file_variables import is_rejected, known, refusal
from gitops_guard.model.workload import Container
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, safe
from gitops_guard.rules.sec.controls import COMMON, POD
from gitops_guard.rules.sec.file_mount import is_referred
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.image_reference import ImageReference, parse


def check_rejected(container: Container, _: RuleContext) -> Iterator[Problem]:
    """Reports file variables that the image rejects or ignores."""
    variables = [item for item in container.env.items() if item["name"].text.endswith("_FILE")]
    image = parse(container.image.text) if variables else None
    if not isinstance(image, ImageReference):
        return
    refused = refusal(image)
    for item in variables:
        if refused is not None and is_rejected(image, item["name"].text):
            yield Problem(
                item["name"],
                f"`{item['name'].text}` does not work with {refused.image}: {refused.why}; {refused.instead}",
            )


def check_both(container: Container, _: RuleContext) -> Iterator[Problem]:
    """Reports settings given both as value and as file, where the image refuses to start."""
    items = {item["name"].text: item for item in container.env.items()}
    if not any(name.endswith("_FILE") for name in items):
        return
    image = parse(container.image.text)
    entry = known(image) if isinstance(image, ImageReference) else None
    if entry is None or not entry.is_strict:
        return
    for name, item in items.items():
        plain = name.removesuffix(entry.suffix)
        if plain == name or plain not in items or not _is_set(items[plain]) or not _is_set(item):
            continue
        yield Problem(
            items[plain]["name"],
            f"`{plain}` and `{name}` are both set: {entry.image} exits at start",
            fix=_without(container, items[plain], name),
        )


def _is_set(item: Field) -> bool:
    return bool(item["value"].text) or item["valueFrom"].is_mapping


def _without(container: Container, item: Field, kept: str) -> Fix | None:
    name = item["name"].text
    twice = sum(other["name"].text == name for other in container.env.items()) > 1
    if twice or is_referred(container, name):
        return None
    return safe(f"leave `{name}` to `{kept}`", DeleteKey(item.keypath))


_ENV = "      env:\n"
_FILE = "        - name: POSTGRES_PASSWORD_FILE\n          value: /run/secrets/db/password\n"
_PLAIN = "        - name: POSTGRES_PASSWORD\n          value: ${DB_PASSWORD}\n"
_RABBIT = "        - name: RABBITMQ_DEFAULT_PASS_FILE\n          value: /run/secrets/mq/password\n"
_CONTROLS = (*COMMON, "sp800_53:CM-6")

REJECTED = Rule(
    id="GG-SEC-014",
    name="rejected-file-variable",
    title="File variable that the image rejects",
    severity=HIGH,
    applies_to=Container,
    check=check_rejected,
    aliases=(),
    controls=_CONTROLS,
    bad=(
        Example(
            POD.replace("postgres:16.4", "rabbitmq:3.13-management") + _ENV + _RABBIT,
            at="spec.containers[0].env[0].name",
        ),
        Example(
            POD.replace("postgres:16.4", "quay.io/keycloak/keycloak:26.0")
            + _ENV
            + "        - name: KC_DB_PASSWORD_FILE\n          value: /run/secrets/db/password\n",
            at="spec.containers[0].env[0].name",
        ),
    ),
    good=(
        Example(POD + _ENV + _FILE),
        Example(POD.replace("postgres:16.4", "registry.example.org/rabbitmq:3.13") + _ENV + _RABBIT),
        Example(POD.replace("postgres:16.4", "rabbitmq:3.8") + _ENV + _RABBIT),
    ),
    page="""File variable that the image rejects.

## What it does
Reports `*_FILE` variables of images that stop at them (rabbitmq) or do not read them (keycloak).

## Why it matters
The container does not start, or starts with the default credential.

## Fix safety
No automatic fix: the setting has to move to a configuration file of that image.

## References
The entry points of the rabbitmq and keycloak images.
""",
)

BOTH = Rule(
    id="GG-SEC-015",
    name="value-and-file-variable",
    title="Both a variable and its file form are set",
    severity=HIGH,
    applies_to=Container,
    check=check_both,
    fix_safety="safe",
    aliases=(),
    controls=_CONTROLS,
    bad=(
        Example(POD + _ENV + _PLAIN + _FILE, at="spec.containers[0].env[0].name", fixed=POD + _ENV + _FILE),
        Example(
            POD.replace("postgres:16.4", "grafana/grafana:11.2.0")
            + _ENV
            + "        - name: GF_SECURITY_ADMIN_PASSWORD__FILE\n          value: /run/secrets/grafana/password\n"
            + "        - name: GF_SECURITY_ADMIN_PASSWORD\n          value: ${ADMIN}\n",
            at="spec.containers[0].env[1].name",
            fixed=POD.replace("postgres:16.4", "grafana/grafana:11.2.0")
            + _ENV
            + "        - name: GF_SECURITY_ADMIN_PASSWORD__FILE\n          value: /run/secrets/grafana/password\n",
        ),
    ),
    good=(
        Example(POD + _ENV + _FILE),
        Example(POD.replace("postgres:16.4", "wordpress:6.6") + _ENV + _PLAIN + _FILE),
        Example(POD + _ENV + '        - name: POSTGRES_PASSWORD\n          value: ""\n' + _FILE),
    ),
    page="""Both a variable and its file form are set.

## What it does
Reports `VAR` beside `VAR_FILE` where the image is known to exit with "both are set".

## Why it matters
The container stops at start, again and again.

## Fix safety
Safe: no container with both runs today. The plain variable goes, the file stays.

## References
The entry points of postgres, mysql, mariadb, mongo, nextcloud and grafana; vaultwarden's configuration.
""",
)
