"""How containers mount Secrets."""

from collections.abc import Iterator

from gitops_guard.editing.intent import SetValue
from gitops_guard.finding import LOW, MEDIUM
from gitops_guard.model.workload import Container
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, needs_review, safe
from gitops_guard.rules.sec.controls import COMMON, POD
from gitops_guard.syntax.field import Field

_GROUP_READ = 0o440
_OTHERS = 0o004
_GROUP = 0o040


def check_writable(container: Container, _: RuleContext) -> Iterator[Problem]:
    """Reports mounts of Secrets that are not declared read-only."""
    for mount, _volume in _secret_mounts(container):
        read_only = mount["readOnly"]
        if not read_only.is_true:
            yield Problem(
                read_only,
                f"{container.name} mounts secret volume {mount['name'].text} without `readOnly: true`",
                fix=safe("mount the secret read-only", SetValue(read_only.keypath, True)),  # noqa: FBT003 - YAML
            )


def check_sub_path(container: Container, _: RuleContext) -> Iterator[Problem]:
    """Reports mounts of single files of a Secret."""
    for mount, _volume in _secret_mounts(container):
        for name in ("subPath", "subPathExpr"):
            if mount[name].text:
                yield Problem(mount[name], "a file mounted by this never changes when the Secret is rotated")


def check_unreadable(container: Container, _: RuleContext) -> Iterator[Problem]:
    """Reports Secret files that the container's user may not read."""
    pod = container.workload
    if pod.is_windows or pod.security_context["fsGroup"].exists or not _is_not_root(container):
        return
    for mount, volume in _secret_mounts(container):
        mode = volume["secret"]["defaultMode"] if volume["secret"].is_mapping else volume["projected"]["defaultMode"]
        if mode.integer is not None and not _may_read(container, mode.integer):
            yield Problem(
                mode,
                f"{container.name} does not run as root and cannot read {mount['mountPath'].text}: "
                f"its files are root's, with mode {mode.integer:04o}",
                fix=_readable(container, mode),
            )


def _is_not_root(container: Container) -> bool:
    user = container.effective("runAsUser").integer
    return container.effective("runAsNonRoot").is_true if user is None else user != 0


def _may_read(container: Container, mode: int) -> bool:
    if mode & _OTHERS:
        return True
    extra = [group.integer for group in container.workload.security_context["supplementalGroups"].items()]
    in_root_group = not container.effective("runAsGroup").integer or 0 in extra
    return bool(mode & _GROUP) and in_root_group


def _readable(container: Container, mode: Field) -> Fix | None:
    group = container.effective("runAsGroup").integer or container.effective("runAsUser").integer
    if not group:
        return None
    path = container.workload.security_context["fsGroup"].keypath
    return needs_review(
        "let the pod's group read the files",
        SetValue(path, group),
        SetValue(mode.keypath, _GROUP_READ),
        note=f"volumes that support it are handed to group {group} when the pod starts; programs that insist on mode "
        "0400, such as ssh, need a copy made by an init container",
    )


def _secret_mounts(container: Container) -> Iterator[tuple[Field, Field]]:
    mounts = container.field["volumeMounts"]
    if not mounts.is_sequence:
        return
    volumes = {volume["name"].text: volume for volume in container.workload.volumes() if _holds_secret(volume)}
    volumes.pop("", None)
    for mount in mounts.items():
        volume = volumes.get(mount["name"].text)
        if volume is not None:
            yield mount, volume


def _holds_secret(volume: Field) -> bool:
    return volume["secret"].is_mapping or any(s["secret"].is_mapping for s in volume["projected"]["sources"].items())


_MOUNT = "      volumeMounts:\n        - name: db\n          mountPath: /run/secrets/db\n"
_SECRET = "  volumes:\n    - name: db\n      secret:\n        secretName: db\n"  # noqa: S105 - a manifest
_PROJECTED = (
    "  volumes:\n    - name: db\n      projected:\n        sources:\n          - secret:\n              name: db\n"
)
_READ_ONLY = _MOUNT + "          readOnly: true\n"
_USER = "  securityContext:\n    runAsNonRoot: true\n    runAsUser: 1000\n"
_NON_ROOT = POD.replace("spec:\n", "spec:\n" + _USER)

WRITABLE = Rule(
    id="GG-SEC-004",
    name="writable-secret-mount",
    title="Secret is mounted without readOnly",
    severity=LOW,
    applies_to=Container,
    check=check_writable,
    fix_safety="safe",
    aliases=(),
    controls=(*COMMON, "mitre:T1552.001", "sp800_53:AC-3", "sp800_53:AC-6", "pci:8.6.3"),
    bad=(
        Example(
            POD + _MOUNT + _SECRET,
            at="spec.containers[0].volumeMounts[0].readOnly",
            fixed=POD + _READ_ONLY + _SECRET,
        ),
        Example(
            POD + _MOUNT + _PROJECTED,
            at="spec.containers[0].volumeMounts[0].readOnly",
            fixed=POD + _READ_ONLY + _PROJECTED,
        ),
    ),
    good=(
        Example(POD + _READ_ONLY + _SECRET),
        Example(POD + _MOUNT + "  volumes:\n    - name: db\n      emptyDir: {}\n"),
    ),
    page="""Secret is mounted without `readOnly: true`.

## What it does
Reports mounts of secret volumes, and of projected volumes with a secret in them, that are not read-only.

## Why it matters
Kubernetes mounts them read-only anyway; the declaration says so to readers and to older kubelets and runtimes.

## Fix safety
Safe: nothing can be written there today.

## References
CIS Kubernetes Benchmark 1.12, 5.4.1. Kubernetes, "Secrets", using Secrets as files.
""",
)

UNREADABLE = Rule(
    id="GG-SEC-005",
    name="unreadable-secret-file",
    title="Container that is not root cannot read its secret file",
    severity=MEDIUM,
    applies_to=Container,
    check=check_unreadable,
    fix_safety="needs-review",
    aliases=(),
    controls=(*COMMON, "sp800_53:AC-3"),
    bad=(
        Example(
            _NON_ROOT + _READ_ONLY + _SECRET + "        defaultMode: 0400\n",
            at="spec.volumes[0].secret.defaultMode",
            fixed=_NON_ROOT.replace(_USER, _USER + "    fsGroup: 1000\n")
            + _READ_ONLY
            + _SECRET
            + "        defaultMode: 0440\n",
        ),
        Example(
            _NON_ROOT.replace("    runAsUser: 1000\n", "") + _READ_ONLY + _SECRET + "        defaultMode: 256\n",
            at="spec.volumes[0].secret.defaultMode",
        ),
    ),
    good=(
        Example(_NON_ROOT + _READ_ONLY + _SECRET),
        Example(POD + _READ_ONLY + _SECRET + "        defaultMode: 0400\n"),
        Example(
            _NON_ROOT.replace(_USER, _USER + "    fsGroup: 1000\n")
            + _READ_ONLY
            + _SECRET
            + "        defaultMode: 0400\n"
        ),
        Example(_NON_ROOT + _READ_ONLY + _SECRET + "        defaultMode: 0440\n"),
    ),
    page="""Container that is not root cannot read its secret file.

## What it does
Reports secret volumes whose mode lets neither the container's user nor its groups read, where the pod sets no
`fsGroup`. A mode of 0440 is reported only where the container's group is set and is not root's.

## Why it matters
The files belong to root: the program fails at start, and the quick way out is to run it as root or open the mode.

## Fix safety
Needs review: `fsGroup` also changes the group of other volumes of the pod. No fix where the user's number is unknown.

## References
Kubernetes, "Configure a Security Context for a Pod or Container", fsGroup.
""",
)

SUB_PATH = Rule(
    id="GG-SEC-006",
    name="secret-sub-path",
    title="Secret is mounted through subPath",
    severity=LOW,
    applies_to=Container,
    check=check_sub_path,
    aliases=(),
    controls=(*COMMON, "mitre:T1552.001", "sp800_53:IA-5", "pci:8.6.3"),
    bad=(
        Example(
            POD + _READ_ONLY + "          subPath: password\n" + _SECRET,
            at="spec.containers[0].volumeMounts[0].subPath",
        ),
    ),
    good=(
        Example(POD + _READ_ONLY + _SECRET),
        Example(
            POD + _MOUNT + "          subPath: a.conf\n  volumes:\n    - name: db\n      configMap:\n        name: db\n"
        ),
    ),
    page="""Secret is mounted through `subPath`.

## What it does
Reports mounts of secret volumes with `subPath` or `subPathExpr`.

## Why it matters
Such a file is fixed when the container starts: after a rotation the program goes on with the old credential.

## Fix safety
No automatic fix: mount the folder, and point the program at the file in it.

## References
Kubernetes, "Secrets", mounted Secrets are updated automatically.
""",
)
