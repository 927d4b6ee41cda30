"""Other protections of the kernel that a pod can weaken: AppArmor, SELinux, masked /proc, sysctls."""

from collections.abc import Iterator

from gitops_guard.editing.intent import DeleteKey, Intent, SetValue
from gitops_guard.finding import HIGH, MEDIUM
from gitops_guard.model.workload import Container, Workload, containers
from gitops_guard.rule import Example, Problem, Rule, RuleContext, needs_review
from gitops_guard.rules.pod.pss import CONTAINERS, HARDENING, POD, USER_NAMESPACES, in_user_namespace, violated
from gitops_guard.syntax.field import Field

_APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
_APPARMOR_TYPES = frozenset(("RuntimeDefault", "Localhost"))
_SELINUX_TYPES = frozenset(("", "container_t", "container_init_t", "container_kvm_t"))
_SELINUX_ENGINE = 31
_SYSCTLS = (
    (0, (
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start",
    )),
    (27, ("net.ipv4.ip_local_reserved_ports",)),
    (29, (
        "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
    )),
    (32, ("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem")),
    (37, ("net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat")),
)  # fmt: skip
_SHARED = ("nsa:pod-hardening", "cis_k8s:5.6.3", "mitre:T1611", *HARDENING)
_APPARMOR = ("pss:baseline:appArmorProfile", "sp800_53:SC-39", *_SHARED)
_SELINUX = ("pss:baseline:seLinuxOptions", "sp800_53:SC-39", *_SHARED)
_PROC_MOUNT = ("pss:baseline:procMount", "pss:restricted:procMount", "sp800_53:SC-39", *_SHARED)
_SYSCTL = ("pss:baseline:sysctls", "sp800_53:CM-7", *_SHARED)


def _places(workload: Workload) -> Iterator[tuple[Field, str]]:
    yield workload.security_context, "the pod"
    for container in containers(workload):
        yield container.security_context, container.name


def check_apparmor(workload: Workload, _: RuleContext) -> Iterator[Problem]:
    """Reports AppArmor profiles that confine nothing, as field and as the annotation of old."""
    controls = violated(workload, _APPARMOR, "pss:baseline:appArmorProfile")
    note = "what the runtime's default profile refuses fails"
    annotations = list(_unconfined_annotations(workload))
    for security_context, name in _places(workload):
        profile = security_context["appArmorProfile"]
        if profile.exists and profile["type"].text not in _APPARMOR_TYPES:
            at = profile["type"]
            intents: list[Intent] = [SetValue(at.keypath, "RuntimeDefault")]
            intents += _contradicting(annotations, security_context)
            fix = needs_review("use the runtime's profile", *intents, note=note)
            yield Problem(at, f"{name} switches AppArmor off", fix=fix, controls=controls)
    for annotation in annotations:
        fix = needs_review("remove the annotation", DeleteKey(annotation.keypath), note=note)
        name = str(annotation.key).rpartition("/")[2]
        yield Problem(annotation, f"{name} switches AppArmor off", fix=fix, controls=controls)


def _unconfined_annotations(workload: Workload) -> Iterator[Field]:
    """The annotations of old that confine nothing."""
    for annotation in workload.pod_metadata["annotations"].entries():
        if str(annotation.key).startswith(_APPARMOR_ANNOTATION):
            value = annotation.string
            if value and value != "runtime/default" and not value.startswith("localhost/"):
                yield annotation


def _contradicting(annotations: list[Field], security_context: Field) -> Iterator[DeleteKey]:
    """Kubernetes refuses a field that contradicts the annotation of its container, or of any if it is the pod's."""
    holder = security_context.parent
    name = "" if holder is None else holder["name"].text
    for annotation in annotations:
        if not name or annotation.key == _APPARMOR_ANNOTATION + name:
            yield DeleteKey(annotation.keypath)


def check_selinux(workload: Workload, context: RuleContext) -> Iterator[Problem]:
    """Reports SELinux users and roles, and types beyond those of containers."""
    allowed = _SELINUX_TYPES | ({"container_engine_t"} if context.minor >= _SELINUX_ENGINE else set())
    controls = violated(workload, _SELINUX, "pss:baseline:seLinuxOptions")
    for security_context, name in _places(workload):
        options = security_context["seLinuxOptions"]
        for key in ("type", "user", "role"):
            field = options[key]
            if field.text and field.exists and not (key == "type" and field.text in allowed):
                fix = needs_review(
                    f"leave the SELinux {key} to the runtime",
                    DeleteKey(field.keypath),
                    note="access that this label gave is refused",
                )
                yield Problem(field, f"{name} sets the SELinux {key} {field.text}", fix=fix, controls=controls)


def check_proc_mount(container: Container, context: RuleContext) -> Iterator[Problem]:
    """Reports an unmasked /proc."""
    proc_mount = container.security_context["procMount"]
    if not proc_mount.exists or proc_mount.text == "Default":
        return
    own = () if in_user_namespace(container.workload, context) else ("pss:baseline:procMount",)
    if context.minor >= USER_NAMESPACES:
        own = (*own, "pss:restricted:procMount")
    yield Problem(
        proc_mount,
        f"{container.name} sees all of /proc: procMount is {proc_mount.text}",
        fix=needs_review(
            "mask /proc",
            SetValue(proc_mount.keypath, "Default"),
            note="containers nested in this one may no longer start",
        ),
        controls=violated(container.workload, _PROC_MOUNT, *own),
    )


def check_sysctl(workload: Workload, context: RuleContext) -> Iterator[Problem]:
    """Reports sysctls that are not on the safe list of the target version."""
    listed = workload.security_context["sysctls"]
    if not listed.exists:
        return
    safe = {name for minor, names in _SYSCTLS if context.minor >= minor for name in names}
    for sysctl in listed.items():
        name = sysctl["name"].text
        if name not in safe:
            yield Problem(
                sysctl["name"],
                f"sets the unsafe sysctl {name}",
                fix=needs_review(
                    f"do not set {name}",
                    DeleteKey(sysctl.keypath),
                    note="the kernel keeps its default for the pod",
                ),
                controls=violated(workload, _SYSCTL, "pss:baseline:sysctls"),
            )


_CONTEXT = POD + "  securityContext:\n    runAsNonRoot: true\n"
_TEAM = POD.replace("  name: web\n", "  name: web\n  annotations:\n    team: shop\n")
_ANNOTATED = _TEAM.replace("spec:\n", f"    {_APPARMOR_ANNOTATION}web: {{}}\nspec:\n") + CONTAINERS
_UNCONFINED = "      securityContext:\n        appArmorProfile:\n          type: Unconfined\n"

APPARMOR = Rule(
    id="GG-POD-015",
    name="apparmor-off",
    title="AppArmor disabled (annotation or field Unconfined)",
    severity=MEDIUM,
    applies_to=Workload,
    check=check_apparmor,
    fix_safety="needs-review",
    aliases=("KSV002", "KSV-0002", "AVD-KSV-0002"),
    controls=_APPARMOR,
    bad=(
        Example(
            _CONTEXT + "    appArmorProfile:\n      type: Unconfined\n" + CONTAINERS,
            at="spec.securityContext.appArmorProfile.type",
            fixed=_CONTEXT + "    appArmorProfile:\n      type: RuntimeDefault\n" + CONTAINERS,
        ),
        Example(
            _ANNOTATED.format("unconfined"),
            at='metadata.annotations["container.apparmor.security.beta.kubernetes.io/web"]',
            fixed=_TEAM + CONTAINERS,
        ),
        Example(
            _ANNOTATED.format("unconfined") + _UNCONFINED,
            at=(
                'metadata.annotations["container.apparmor.security.beta.kubernetes.io/web"]',
                "spec.containers[0].securityContext.appArmorProfile.type",
            ),
            fixed=_TEAM + CONTAINERS + _UNCONFINED.replace("Unconfined", "RuntimeDefault"),
        ),
    ),
    good=(
        Example(_ANNOTATED.format("runtime/default")),
        Example(_CONTEXT + "    appArmorProfile:\n      type: Localhost\n      localhostProfile: p\n" + CONTAINERS),
    ),
    page="""AppArmor is switched off.

## What it does
Reports AppArmor profiles other than `RuntimeDefault` and `Localhost`, in `appArmorProfile` and in the annotation that
came before it.

## Why it matters
The profile keeps a container from writing to kernel interfaces even as root.

## Fix safety
Needs review: what the default profile refuses fails. An annotation that contradicts the field is removed with it, since
Kubernetes refuses the two when they disagree.

## References
Kubernetes, Pod Security Standards, Baseline, "AppArmor".
""",
)

SELINUX = Rule(
    id="GG-POD-016",
    name="selinux-override",
    title="SELinux type, user or role overridden",
    severity=MEDIUM,
    applies_to=Workload,
    check=check_selinux,
    fix_safety="needs-review",
    aliases=("KSV025", "KSV-0025", "AVD-KSV-0025"),
    controls=_SELINUX,
    bad=(
        Example(
            _CONTEXT + "    seLinuxOptions:\n      type: spc_t\n" + CONTAINERS,
            at="spec.securityContext.seLinuxOptions.type",
            fixed=_CONTEXT + CONTAINERS,
        ),
        Example(
            _CONTEXT + "    seLinuxOptions:\n      level: s0:c1\n      role: r\n" + CONTAINERS,
            at="spec.securityContext.seLinuxOptions.role",
            fixed=_CONTEXT + "    seLinuxOptions:\n      level: s0:c1\n" + CONTAINERS,
        ),
    ),
    good=(Example(_CONTEXT + "    seLinuxOptions:\n      type: container_t\n      level: s0:c1\n" + CONTAINERS),),
    page="""SELinux label is overridden.

## What it does
Reports SELinux users and roles, and types other than those for containers (`container_engine_t` counts among them from
Kubernetes 1.31 on).

## Why it matters
A type such as `spc_t` switches SELinux off for the container.

## Fix safety
Needs review: access that the label gave is refused.

## References
Kubernetes, Pod Security Standards, Baseline, "SELinux".
""",
)

_UNMASKED = POD + "  hostUsers: false\n" + CONTAINERS + "      securityContext:\n        procMount: {}\n"

PROC_MOUNT = Rule(
    id="GG-POD-017",
    name="unmasked-proc",
    title="procMount Unmasked",
    severity=HIGH,
    applies_to=Container,
    check=check_proc_mount,
    fix_safety="needs-review",
    aliases=("KSV027", "KSV-0027", "AVD-KSV-0027", "unsafe-proc-mount"),
    controls=_PROC_MOUNT,
    bad=(
        Example(
            _UNMASKED.format("Unmasked"),
            at="spec.containers[0].securityContext.procMount",
            fixed=_UNMASKED.format("Default"),
        ),
    ),
    good=(Example(_UNMASKED.format("Default")),),
    page="""/proc is not masked.

## What it does
Reports `procMount` other than `Default`. From Kubernetes 1.35 on the Baseline level allows it in a user namespace
(`hostUsers: false`), the Restricted level does not.

## Why it matters
The masked files tell about the node's kernel and memory, and some can be written.

## Fix safety
Needs review: containers nested in this one may no longer start.

## References
Kubernetes, Pod Security Standards, Baseline and Restricted, "/proc Mount Type".
""",
)

SYSCTL = Rule(
    id="GG-POD-018",
    name="unsafe-sysctl",
    title="Unsafe sysctl",
    severity=MEDIUM,
    applies_to=Workload,
    check=check_sysctl,
    fix_safety="needs-review",
    aliases=("KSV026", "KSV-0026", "AVD-KSV-0026", "unsafe-sysctls"),
    controls=_SYSCTL,
    bad=(
        Example(
            _CONTEXT + "    sysctls:\n      - name: kernel.msgmax\n        value: '65536'\n" + CONTAINERS,
            at="spec.securityContext.sysctls[0].name",
            fixed=_CONTEXT + CONTAINERS,
        ),
    ),
    good=(
        Example(_CONTEXT + "    sysctls:\n      - name: net.ipv4.tcp_syncookies\n        value: '1'\n" + CONTAINERS),
    ),
    page="""Unsafe sysctl is set.

## What it does
Reports sysctls outside the list that is safe in the target Kubernetes version.

## Why it matters
Sysctls that are not confined to the pod change or exhaust the kernel for every pod of the node.

## Fix safety
Needs review: the kernel keeps its default.

## References
Kubernetes, Pod Security Standards, Baseline, "Sysctls".
""",
)
