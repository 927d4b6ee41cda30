"""Secrets written out where everybody with access to the object reads them."""

from collections.abc import Iterator

from gitops_guard.finding import HIGH
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.model.secret_values import compiled, credentials, length_class, secret_kind, url_password
from gitops_guard.model.workload import Container, containers, workload
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.rules.sec.controls import APP, COMMON
from gitops_guard.rules.sec.masking import masked
from gitops_guard.syntax.field import Field

_ASSIGNMENT = r"""(?m)^[ \t]*["']?([A-Za-z][\w.-]{2,60})["']?[ \t]*[:=][ \t]*["']?([^\s"'#,;]{4,200})["']?,?[ \t]*$"""
_FLAG = r"""(?:^|[\s"'])(?:--?)?([A-Za-z][\w-]{2,60})=["']?([^\s"';&|)]{4,200})"""
_HINTS = ("pass", "pwd", "secret", "token", "key", "credential")
_HEADER = r"(?i)(?:Bearer|Basic|Token)\s+(\S{8,})"
_SENT = r"(?i)\bAuthorization: {0,4}(?:Bearer|Basic|Token) {1,4}([^\s\"']{8,500})"
_ENOUGH = 200_000


def check_config_map(config: KubernetesObject, _: RuleContext) -> Iterator[Problem]:
    """Reports entries of a ConfigMap that are, or hold, secrets."""
    if config.api_group or config.field["sops"].exists:
        return
    for entry in config.field["data"].entries():
        found = _entry(str(entry.key), entry.string or "")
        if found:
            yield _problem(entry, f"ConfigMap key `{entry.key}` holds {found} (not shown here)")


def _entry(name: str, text: str) -> str:
    if "\n" not in text.strip():
        kind = secret_kind(name, text)
        return f"a {kind}, {length_class(text)}" if kind else ""
    if next(credentials(text), None) is not None:
        return "a credential"
    if url_password(text) is not None:
        return "a URL with a password"
    lowered = text[:_ENOUGH].lower()
    if not any(hint in lowered for hint in _HINTS):
        return ""
    for match in compiled(_ASSIGNMENT).finditer(text, 0, _ENOUGH):
        kind = secret_kind(match[1], match[2])
        if kind:
            return f"a {kind} at `{match[1]}`"
    return ""


def check_plain_text(obj: KubernetesObject, _: RuleContext) -> Iterator[Problem]:
    """Reports secrets in annotations, and in commands, arguments, handlers and probes of containers."""
    if obj.field["sops"].exists:
        return
    yield from _annotations(obj.metadata["annotations"])
    pods = workload(obj)
    if pods is None:
        return
    if pods.pod_metadata.node is not obj.metadata.node:
        yield from _annotations(pods.pod_metadata["annotations"])
    for container in containers(pods):
        yield from _container(container)


def _annotations(annotations: Field) -> Iterator[Problem]:
    for entry in annotations.entries():
        name, text = str(entry.key), entry.string or ""
        kind = secret_kind(name.rpartition("/")[2], text)
        if kind:
            yield _problem(entry, f"annotation `{name}` holds a {kind}, {length_class(text)} (not shown here)")


def _container(container: Container) -> Iterator[Problem]:
    yield from _words(container, container.field["command"])
    yield from _words(container, container.field["args"])
    handlers = [container.field[name] for name in ("livenessProbe", "readinessProbe", "startupProbe")]
    handlers += [container.field["lifecycle"][name] for name in ("postStart", "preStop")]
    for handler in handlers:
        yield from _words(container, handler["exec"]["command"])
        for header in handler["httpGet"]["httpHeaders"].items():
            value = header["value"].string or ""
            match = compiled(_HEADER).fullmatch(value.strip())
            if match and header["name"].text.lower() == "authorization" and secret_kind("password", match[1]):
                yield _problem(header["value"], f"{container.name}: a probe sends a credential (not shown here)")


def _words(container: Container, words: Field) -> Iterator[Problem]:
    flag = ""
    for word in words.items():
        text = word.string or ""
        kind = _in_word(flag, text)
        if kind:
            yield _problem(word, f"{container.name}: `{words.key}` holds a {kind} (not shown here)")
        flag = (
            text.lstrip("-") if text.startswith("-") and "=" not in text and not any(c.isspace() for c in text) else ""
        )


def _in_word(flag: str, text: str) -> str:
    if len(text) < len("pass"):
        return ""
    whole = secret_kind(flag, text)
    if whole:
        return whole
    header = compiled(_SENT).search(text, 0, _ENOUGH)
    if next(credentials(text), None) is not None or (header and secret_kind("password", header[1])):
        return "credential"
    if url_password(text) is not None:
        return "URL with a password"
    if "=" not in text or not any(hint in text.lower() for hint in _HINTS):
        return ""
    return next(
        filter(None, (secret_kind(match[1], match[2]) for match in compiled(_FLAG).finditer(text, 0, _ENOUGH))), ""
    )


def _problem(at: Field, message: str) -> Problem:
    return Problem(at, message, masked=masked(at))


_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop\ndata:\n"
_CONTROLS = (*COMMON, "mitre:T1552.001", "sp800_53:IA-5(7)", "pci:8.6.2")
_PROBE = "      livenessProbe:\n        httpGet:\n          path: /\n          port: 80\n          httpHeaders:\n"
_HASH = "5f2b" + "9c41d7e8a3f0" * 5

CONFIG_MAP = Rule(
    id="GG-SEC-007",
    name="secret-in-config-map",
    title="Secret in a ConfigMap",
    severity=HIGH,
    applies_to=KubernetesObject,
    kinds=("ConfigMap",),
    check=check_config_map,
    aliases=("C-0012", "KSV-0109", "KSV-01010", "AVD-KSV-0109", "sensitiveConfigmapContent"),
    controls=_CONTROLS,
    bad=(
        Example(_MAP + "  DB_PASSWORD: kiQ7-rover\n", at="data.DB_PASSWORD"),
        Example(_MAP + "  url: mysql://shop:kiQ7-rover@db:3306/shop\n", at="data.url"),
        Example(
            _MAP + "  app.properties: |\n    db.user=shop\n    db.password=kiQ7-rover\n",
            at='data["app.properties"]',
        ),
        Example(_MAP + "  API_TOKEN: " + "a9F3kLq82Zx" * 3 + "\n", at="data.API_TOKEN"),
    ),
    good=(
        Example(_MAP + "  SECRETS_DIR: /etc/secrets\n  DB_PASSWORD_FILE: /run/secrets/db/password\n"),
        Example(_MAP + "  DB_PASSWORD: ${DB_PASSWORD}\n  TOKEN_ISSUER: https://login.example.org\n"),
        Example(_MAP + "  url: mysql://db:3306/shop\n  secretName: shop-db\n"),
        Example(_MAP + '  ENABLE_PASSWORD: "true"\n  PASSWORD_MIN_LENGTH: "12"\n'),
        Example(_MAP + "  app.properties: |\n    db.password=${DB_PASSWORD}\n    token.path=/run/secrets/token\n"),
        Example(_MAP + "  API_TOKEN: ENC[AES256_GCM,data:Zm9v,iv:YmFy,tag:YmF6,type:str]\n"),
    ),
    page="""Secret in a ConfigMap.

## What it does
Reports ConfigMap entries that are a credential by name and value, and multi-line entries with such a line in them.
References, templates, paths, placeholders and encrypted values are left out.

## Why it matters
ConfigMaps are readable by far more people and programs than Secrets, and are not encrypted at rest.

## Fix safety
No automatic fix: move the key to a Secret that is created outside of Git or sealed, mount it beside the ConfigMap, and
rotate the credential: its value stays in Git's history.

## References
Kubernetes, "ConfigMaps". CIS Kubernetes Benchmark 1.12, 5.4.1.
""",
)

PLAIN_TEXT = Rule(
    id="GG-SEC-008",
    name="secret-in-command",
    title="Secret in a command, argument, probe or annotation",
    severity=HIGH,
    applies_to=KubernetesObject,
    check=check_plain_text,
    aliases=("C-0012",),
    controls=_CONTROLS,
    bad=(
        Example(APP + "      args: [--db-password=kiQ7-rover]\n", at="spec.containers[0].args[0]"),
        Example(
            APP + '      args: [--header, "Authorization: Bearer kiQ7roverkiQ7rover"]\n',
            at="spec.containers[0].args[1]",
        ),
        Example(APP + "      command: [shop, --password, kiQ7-rover]\n", at="spec.containers[0].command[2]"),
        Example(
            APP + '      command: [sh, -c, "export DB_PASSWORD=kiQ7-rover; exec shop"]\n',
            at="spec.containers[0].command[2]",
        ),
        Example(
            APP + _PROBE + "            - name: Authorization\n              value: Bearer kiQ7roverkiQ7rover\n",
            at="spec.containers[0].livenessProbe.httpGet.httpHeaders[0].value",
        ),
        Example(
            APP.replace("  name: shop\n", "  name: shop\n  annotations:\n    shop.example.org/password: kiQ7-rover\n"),
            at='metadata.annotations["shop.example.org/password"]',
        ),
    ),
    good=(
        Example(APP + "      args: [--db-password=$(DB_PASSWORD), --token-file=/run/secrets/token]\n"),
        Example(APP + "      args: [--password, $(DB_PASSWORD), --secret-name, shop-db]\n"),
        Example(APP + '      command: [sh, -c, "PASSWORD=$(cat /run/secrets/db/password) exec shop"]\n'),
        Example(APP.replace("  name: shop\n", f"  name: shop\n  annotations:\n    checksum/secret-config: {_HASH}\n")),
    ),
    page="""Secret in a command, argument, probe or annotation.

## What it does
Reports secrets written out in `command`, `args`, `exec` commands of probes and lifecycle hooks, `Authorization` headers
of HTTP probes, and annotations.

## Why it matters
Besides Git, the process list of the node and every monitoring agent shows a command; annotations are readable by
whoever may list the object.

## Fix safety
No automatic fix: let the argument be a file's path, or `$(VAR)` from a Secret where the program reads no file. Rotate
the credential.

## References
CIS Kubernetes Benchmark 1.12, 5.4.1.
""",
)
