"""Secrets in the environment of a container."""

from collections.abc import Iterator

from gitops_guard.editing.intent import DeleteKey, Intent, SetValue
from gitops_guard.finding import CRITICAL, MEDIUM
from gitops_guard.model.file_variables import Refusal, file_form, refusal
from gitops_guard.model.secret_values import compiled, length_class, secret_kind
from gitops_guard.model.workload import Container, containers
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, display_only, needs_review
from gitops_guard.rules.sec.controls import APP, COMMON, POD
from gitops_guard.rules.sec.file_mount import file_mount, is_key, is_referred
from gitops_guard.rules.sec.masking import masked
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.image_reference import ImageReference, parse

_NAME = r"[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?"
_ROTATE = (
    "create the Secret first, outside of Git, and rotate the credential: its old value stays in Git's history and "
    "wherever the manifest was copied to"
)


def check_plain(container: Container, _: RuleContext) -> Iterator[Problem]:
    """Reports secrets written out in `env`."""
    if container.workload.object.field["sops"].exists:
        return
    for item in container.env.items():
        name, value = item["name"].text, item["value"]
        kind = secret_kind(name, value.string or "")
        if kind and value.written is not None:
            yield Problem(
                value,
                f"`{name}` holds a {kind} in plain text ({length_class(value.text)}, not shown here)",
                fix=_plain_fix(container, item),
                masked=masked(value),
            )


def check_reference(container: Container, _: RuleContext) -> Iterator[Problem]:
    """Reports variables filled from a Secret."""
    for item in container.env.items():
        source = item["valueFrom"]["secretKeyRef"]
        if source.is_mapping:
            refused = _refusal(container)
            hint = "" if refused is None else f"; {refused.image} has no file variable for it: {refused.instead}"
            yield Problem(
                source,
                f"`{item['name'].text}` puts a secret into the environment{hint}",
                fix=_reference_fix(container, item, source) if refused is None else None,
            )


def check_whole(container: Container, _: RuleContext) -> Iterator[Problem]:
    """Reports Secrets whose keys all become variables."""
    for item in container.field["envFrom"].items():
        source = item["secretRef"]
        if source.is_mapping:
            name = source["name"].text
            yield Problem(
                source,
                f"every key of Secret {name} becomes an environment variable, those added later too",
                fix=_whole_fix(container, item, name),
            )


def _plain_fix(container: Container, item: Field) -> Fix | None:
    owner = container.workload.object.identity.name
    if not compiled(_NAME).fullmatch(owner):
        owner = container.name
    variable = item["name"].text
    key = variable.lower().strip("_").replace("_", "-")
    if _is_shared(container, variable):
        key = f"{container.name}-{key}"
    return _to_file(container, item, f"{owner}-secrets", key, _ROTATE) if compiled(_NAME).fullmatch(owner) else None


def _is_shared(container: Container, variable: str) -> bool:
    others = (env for other in containers(container.workload) for env in other.env.items())
    return sum(env["name"].text == variable for env in others) > 1


def _reference_fix(container: Container, item: Field, source: Field) -> Fix | None:
    if source["optional"].is_true:
        return None
    return _to_file(container, item, source["name"].text, source["key"].text, "")


def _to_file(container: Container, item: Field, secret: str, key: str, note: str) -> Fix | None:
    """Names a file in the variable's place."""
    variable = item["name"].text
    image = _image(container)
    documented = None if image is None else file_form(image, variable)
    plain = variable or "VALUE"
    wanted = documented or f"{plain}_FILE"
    taken = any(other["name"].text == wanted for other in container.env.items())
    if taken or not is_key(key) or is_referred(container, variable) or _refusal(container) is not None:
        return None
    mount = file_mount(container, secret)
    if mount is None:
        return None
    intents: list[Intent] = [
        SetValue(item["name"].keypath, wanted),
        SetValue(item["value"].keypath, f"{mount.folder}/{key}"),
    ]
    if item["valueFrom"].written is not None:
        intents.append(DeleteKey(item["valueFrom"].keypath))
    intents += mount.intents
    title = f"let `{wanted}` name a file of Secret {secret}"
    if documented and image is not None:
        reads = f"the image {image.familiar.partition(':')[0]} reads `{wanted}` at start; the pods restart once"
        return needs_review(title, *intents, note="; ".join(filter(None, (reads, note))))
    change = f"the application must read the secret from the file that `{wanted}` names: this image is not known to"
    return display_only(title, *intents, note="; ".join(filter(None, (change, note))))


def _whole_fix(container: Container, item: Field, secret: str) -> Fix | None:
    if item["secretRef"]["optional"].is_true or _refusal(container) is not None:
        return None
    mount = file_mount(container, secret)
    if mount is None:
        return None
    return display_only(
        f"mount Secret {secret} as files",
        DeleteKey(item.keypath),
        *mount.intents,
        note=f"the application must read the files below {mount.folder}, one per key, instead of variables",
    )


def _image(container: Container) -> ImageReference | None:
    image = parse(container.image.text)
    return image if isinstance(image, ImageReference) else None


def _refusal(container: Container) -> Refusal | None:
    image = _image(container)
    return None if image is None else refusal(image)


_ENV = "      env:\n        - name: "
_REFERENCE = """          valueFrom:
            secretKeyRef:
              name: db
              key: password
"""
_MOUNT = """      volumeMounts:
        - name: secret-{0}
          mountPath: /run/secrets/{0}
          readOnly: true
  volumes:
    - name: secret-{0}
      secret:
        secretName: {0}
"""
_GROUP = "  securityContext:\n    fsGroup: 70\n"
_PLAIN = POD + _ENV + "POSTGRES_PASSWORD\n          value: "
_RABBIT = POD.replace("postgres:16.4", "rabbitmq:3.13")

PLAIN = Rule(
    id="GG-SEC-001",
    name="plain-secret-in-environment",
    title="Plain-text secret in the environment",
    severity=CRITICAL,
    applies_to=Container,
    check=check_plain,
    fix_safety="needs-review",
    aliases=("env-var-secret", "C-0012", "KSV-0109", "sensitiveContainerEnvVar"),
    controls=(
        *COMMON,
        "mitre:T1552.001",
        "sp800_53:IA-5(7)",
        "sp800_53:SC-28",
        "pci:8.6.2",
        "pci:8.3.2",
    ),
    bad=(
        Example(
            _PLAIN + "kiQ7-rover\n",
            at="spec.containers[0].env[0].value",
            fixed=POD
            + _ENV
            + "POSTGRES_PASSWORD_FILE\n          value: /run/secrets/shop-secrets/postgres-password\n"
            + _MOUNT.format("shop-secrets"),
        ),
        Example(_PLAIN + "changeme\n", at="spec.containers[0].env[0].value"),
        Example(
            APP + _ENV + "DATABASE_URL\n          value: postgres://shop:kiQ7-rover@db/shop\n",
            at="spec.containers[0].env[0].value",
        ),
    ),
    good=(
        Example(POD + _ENV + "SECRETS_DIR\n          value: /etc/secrets\n"),
        Example(POD + _ENV + "TLS_SECRET_KEY_PATH\n          value: /etc/tls/tls.key\n"),
        Example(POD + _ENV + "POSTGRES_PASSWORD_FILE\n          value: /run/secrets/db/password\n"),
        Example(POD + _ENV + "POSTGRES_PASSWORD\n" + _REFERENCE),
        Example(_PLAIN + "$(OTHER)\n"),
        Example(_PLAIN + "${DB_PASSWORD}\n"),
        Example(_PLAIN + "<path:kv/data/db#password>\n"),
        Example(_PLAIN + "ENC[AES256_GCM,data:Zm9v,iv:YmFy,tag:YmF6,type:str]\n"),
        Example(_PLAIN + "file:///run/secrets/db/password\n"),
        Example(_PLAIN + "<your-password>\n"),
        Example(POD + _ENV + 'REQUIRE_PASSWORD\n          value: "true"\n'),
        Example(POD + _ENV + "TOKEN_URL\n          value: https://login.example.org/oauth/token\n"),
        Example(POD + _ENV + "AUTH_SECRET\n          value: shop-session-secret\n"),
    ),
    page="""Plain-text secret in the environment.

## What it does
Reports `env` values that are secrets by what they look like: a credential of a known form, a URL with a password, any
literal under a password's name, and what looks generated under the name of a token or key. References, paths,
templates and placeholders are left out; default passwords such as `changeme` are not, for they open the door.

## Why it matters
Whoever reads the repository, a copy of it, or the pod's description has the credential, today and in all history.

## Fix safety
Needs review: where the image documents a file variable, that one is set, and the Secret has to exist before. Display
only for other images, whose application must learn to read the file. The value is written nowhere. Rotate it.

## References
CIS Kubernetes Benchmark 1.12, 5.4.1. Kubernetes, "Good practices for Kubernetes Secrets".
""",
)

REFERENCE = Rule(
    id="GG-SEC-002",
    name="secret-in-environment",
    title="Secret is passed through the environment",
    severity=MEDIUM,
    applies_to=Container,
    check=check_reference,
    fix_safety="needs-review",
    aliases=("CKV_K8S_35", "read-secret-from-env-var", "C-0207"),
    controls=(*COMMON, "mitre:T1552.007", "mitre:T1552.001", "sp800_53:IA-5", "sp800_53:SC-28", "pci:8.6.3"),
    bad=(
        Example(
            POD + _ENV + "POSTGRES_PASSWORD\n" + _REFERENCE,
            at="spec.containers[0].env[0].valueFrom.secretKeyRef",
            fixed=POD
            + _ENV
            + "POSTGRES_PASSWORD_FILE\n          value: /run/secrets/db/password\n"
            + _MOUNT.format("db"),
        ),
        Example(
            POD.replace("spec:\n", "spec:\n" + _GROUP) + _ENV + "POSTGRES_PASSWORD\n" + _REFERENCE,
            at="spec.containers[0].env[0].valueFrom.secretKeyRef",
            fixed=POD.replace("spec:\n", "spec:\n" + _GROUP)
            + _ENV
            + "POSTGRES_PASSWORD_FILE\n          value: /run/secrets/db/password\n"
            + _MOUNT.format("db")
            + "        defaultMode: 0440\n",
        ),
        Example(
            APP + _ENV + "API_TOKEN\n" + _REFERENCE,
            at="spec.containers[0].env[0].valueFrom.secretKeyRef",
            fixed=APP + _ENV + "API_TOKEN_FILE\n          value: /run/secrets/db/password\n" + _MOUNT.format("db"),
        ),
        Example(
            _RABBIT + _ENV + "RABBITMQ_DEFAULT_PASS\n" + _REFERENCE,
            at="spec.containers[0].env[0].valueFrom.secretKeyRef",
        ),
    ),
    good=(
        Example(POD + _ENV + "POSTGRES_PASSWORD_FILE\n          value: /run/secrets/db/password\n"),
        Example(
            POD + _ENV + "LOG_LEVEL\n          valueFrom:\n            configMapKeyRef: {name: shop, key: log-level}\n"
        ),
    ),
    page="""Secret is passed through the environment.

## What it does
Reports variables filled by `secretKeyRef`, whatever their name.

## Why it matters
The environment is inherited by every child process, printed by crash reports and debug pages, and readable by whoever
may exec into the container; a rotated Secret reaches it only by a restart.

## Fix safety
Needs review where the image documents a file variable (postgres, mysql, mariadb, mongo, wordpress, nextcloud, influxdb
2, grafana, vaultwarden, gitea). Many entry points still put what they read into their own environment: the gain is in
manifests, descriptions, `exec` and rotation. Display only for other images: the application must read the file. No fix
for rabbitmq and keycloak, which read no such variable. New volumes get mode 0440 where the pod has a group.

## References
CIS Kubernetes Benchmark 1.12, 5.4.1.
""",
)

WHOLE = Rule(
    id="GG-SEC-003",
    name="whole-secret-in-environment",
    title="Whole Secret is imported into the environment",
    severity=MEDIUM,
    applies_to=Container,
    check=check_whole,
    fix_safety="display-only",
    aliases=("CKV_K8S_35", "C-0207"),
    controls=(*COMMON, "mitre:T1552.007", "sp800_53:AC-6", "sp800_53:IA-5", "pci:8.6.3"),
    bad=(
        Example(
            APP + "      envFrom:\n        - secretRef:\n            name: shop\n",
            at="spec.containers[0].envFrom[0].secretRef",
            fixed=APP + _MOUNT.format("shop"),
        ),
    ),
    good=(Example(APP + "      envFrom:\n        - configMapRef:\n            name: shop\n"),),
    page="""Whole Secret is imported into the environment.

## What it does
Reports `envFrom` entries with a `secretRef`.

## Why it matters
The container gets every key of the Secret, those it does not need and those that are added later; a key can even set a
variable that changes how programs start.

## Fix safety
Display only: the keys are not known from the manifest, and the application must read files instead of variables.

## References
CIS Kubernetes Benchmark 1.12, 5.4.1.
""",
)
