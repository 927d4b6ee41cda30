"""Profiles of AppArmor and SELinux that a pod weakens or switches off."""

from collections.abc import Iterator

from gitops_guard.editing.intent import DeleteKey, Intent, SetValue
from gitops_guard.finding import MEDIUM
from gitops_guard.model.workload import Workload, containers
from gitops_guard.rule import Example, Problem, Rule, RuleContext, needs_review
from gitops_guard.rules.pod.pss import CONTAINERS, KERNEL, POD, violated
from gitops_guard.syntax.field import Field

_APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
_APPARMOR_TYPES = frozenset(("RuntimeDefault", "Localhost"))
_SELINUX_TYPES = frozenset(("", "container_t", "container_init_t", "container_kvm_t"))
_SELINUX_ENGINE = 31
_APPARMOR = ("pss:baseline:appArmorProfile", "sp800_53:SC-39", *KERNEL)
_SELINUX = ("pss:baseline:seLinuxOptions", "sp800_53:SC-39", *KERNEL)


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
