"""The seccomp profile of a container, which limits its system calls."""

from collections.abc import Iterator

from gitops_guard.editing.intent import DeleteKey, Intent, SetValue
from gitops_guard.finding import HIGH, MEDIUM
from gitops_guard.model.workload import Workload, containers
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, needs_review
from gitops_guard.rules.pod.pss import CONTAINERS, HARDENING, POD, is_windows_exempt, violated
from gitops_guard.syntax.field import Field

_BASELINE, _RESTRICTED = "pss:baseline:seccompProfile", "pss:restricted:seccompProfile"
_ALLOWED = frozenset(("RuntimeDefault", "Localhost"))
_POD_ANNOTATION = "seccomp.security.alpha.kubernetes.io/pod"
_CONTAINER_ANNOTATION = "container.seccomp.security.alpha.kubernetes.io/"
_CONTROLS = (
    _RESTRICTED, "cis_k8s:5.6.2", "nsa:pod-hardening", "mitre:T1611", "mitre:T1068", "sp800_53:SC-39", "sp800_53:CM-7",
    *HARDENING,
)  # fmt: skip
_NOTE = "system calls outside the runtime's default profile are refused"


def check_unconfined(workload: Workload, context: RuleContext) -> Iterator[Problem]:
    """Reports profiles that switch the filter off."""
    own = (_BASELINE,) if is_windows_exempt(workload, context) else (_BASELINE, _RESTRICTED)
    places = [(workload.security_context, "the pod", _POD_ANNOTATION)]
    places += [(c.security_context, c.name, _CONTAINER_ANNOTATION + c.name) for c in containers(workload)]
    for security_context, name, annotation in places:
        profile = security_context["seccompProfile"]
        if profile.exists and profile["type"].text not in _ALLOWED:
            at = profile["type"]
            yield Problem(
                at,
                f"{name} sets the seccomp profile {at.text or 'without a type'}: no system call is filtered",
                fix=_confine(at, workload.pod_metadata["annotations"][annotation]),
                controls=violated(workload, UNCONFINED_CONTROLS, *own),
            )


def _confine(at: Field, annotation: Field) -> Fix:
    """Kubernetes refuses a field that contradicts the annotation of old, so that one goes too."""
    intents: list[Intent] = [SetValue(at.keypath, "RuntimeDefault")]
    if annotation.written is not None:
        intents.append(DeleteKey(annotation.keypath))
    return needs_review("use the runtime's profile", *intents, note=_NOTE)


def check_not_set(workload: Workload, context: RuleContext) -> Iterator[Problem]:
    """Reports containers for which no profile is set, neither on them nor on their pod."""
    pod = workload.security_context["seccompProfile"]
    if is_windows_exempt(workload, context) or (pod.exists and pod["type"].text in _ALLOWED):
        return
    missing = [c.name for c in containers(workload) if not c.security_context["seccompProfile"].exists]
    if missing:
        annotation = workload.pod_metadata["annotations"][_POD_ANNOTATION]
        yield Problem(
            pod,
            f"no seccomp profile is set for {', '.join(missing)}",
            fix=None if pod.exists or workload.is_windows or annotation.exists else _fix(pod),
            controls=violated(workload, _CONTROLS, _RESTRICTED),
        )


def _fix(pod: Field) -> Fix:
    return needs_review(
        "use the runtime's seccomp profile", SetValue((*pod.keypath, "type"), "RuntimeDefault"), note=_NOTE
    )


UNCONFINED_CONTROLS = (_BASELINE, *_CONTROLS)
_PROFILE = POD + "  securityContext:\n    seccompProfile:\n      type: {}\n" + CONTAINERS
_ANNOTATED = _PROFILE.replace("  name: web\n", f"  name: web\n  annotations:\n    {_POD_ANNOTATION}: unconfined\n", 1)

UNCONFINED = Rule(
    id="GG-POD-014",
    name="unconfined-seccomp",
    title="Seccomp profile Unconfined",
    severity=HIGH,
    applies_to=Workload,
    check=check_unconfined,
    fix_safety="needs-review",
    aliases=("KSV104", "KSV-0104", "AVD-KSV-0104", "C-0210"),
    controls=UNCONFINED_CONTROLS,
    bad=(
        Example(
            _PROFILE.format("Unconfined"),
            at="spec.securityContext.seccompProfile.type",
            fixed=_PROFILE.format("RuntimeDefault"),
        ),
        Example(
            _ANNOTATED.format("Unconfined"),
            at="spec.securityContext.seccompProfile.type",
            fixed=_PROFILE.format("RuntimeDefault"),
        ),
    ),
    good=(Example(_PROFILE.format("RuntimeDefault")), Example(POD + CONTAINERS)),
    page="""Seccomp is switched off.

## What it does
Reports seccomp profiles other than `RuntimeDefault` and `Localhost`.

## Why it matters
Every system call of the node's kernel is open to the container, those with known holes included.

## Fix safety
Needs review: the program may use a system call that the default profile refuses. The annotation that came before the
field is removed with it, since Kubernetes refuses the two when they disagree.

## References
Kubernetes, Pod Security Standards, Baseline and Restricted, "Seccomp".
""",
)

NOT_SET = Rule(
    id="GG-POD-027",
    name="seccomp-not-set",
    title="Seccomp profile not set",
    severity=MEDIUM,
    applies_to=Workload,
    check=check_not_set,
    fix_safety="needs-review",
    aliases=("CKV_K8S_31", "KSV030", "KSV-0030", "AVD-KSV-0030", "C-0055", "linuxHardening"),
    controls=_CONTROLS,
    bad=(
        Example(
            POD + CONTAINERS,
            at="spec.securityContext.seccompProfile",
            fixed=POD + CONTAINERS + "  securityContext:\n    seccompProfile:\n      type: RuntimeDefault\n",
        ),
    ),
    good=(
        Example(_PROFILE.format("RuntimeDefault")),
        Example(_PROFILE.format("Localhost")),
        Example(POD + CONTAINERS + "      securityContext:\n        seccompProfile:\n          type: RuntimeDefault\n"),
        Example(POD + "  os:\n    name: windows\n" + CONTAINERS),
    ),
    page="""No seccomp profile is set.

## What it does
Reports workloads with containers for which neither they nor their pod set a seccomp profile. Windows pods are left out.

## Why it matters
Unless the kubelet is told otherwise, such containers run unconfined.

## Fix safety
Needs review: the program may use a system call that the default profile refuses.

## References
Kubernetes, Pod Security Standards, Restricted, "Seccomp".
""",
)
