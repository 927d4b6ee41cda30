"""Who the processes of a container run as."""

from collections.abc import Iterator

from gitops_guard.editing.intent import SetValue
from gitops_guard.finding import HIGH, MEDIUM
from gitops_guard.model.workload import Container, Workload, containers
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, needs_review
from gitops_guard.rules.pod.pss import CONTAINERS, HARDENING, POD, in_user_namespace, violated, whole_number
from gitops_guard.syntax.field import Field

_MAY_BE_ROOT = (
    "pss:restricted:runAsNonRoot", "cis_k8s:5.2.7", "nsa:pod-nonroot", "mitre:T1611", "sp800_53:AC-6", "pci:7.2.5",
    *HARDENING,
)  # fmt: skip
_ROOT = (
    "pss:restricted:runAsUser", "cis_k8s:5.2.7", "nsa:pod-nonroot", "mitre:T1611", "sp800_53:AC-6", *HARDENING,
)  # fmt: skip
_NOTE = "a container whose image runs as root does not start any more; give it an image that does not"


def check_may_be_root(workload: Workload, context: RuleContext) -> Iterator[Problem]:
    """Reports pods and containers that may run as root."""
    pod = workload.security_context["runAsNonRoot"]
    exempt = in_user_namespace(workload, context)
    own = () if exempt else ("pss:restricted:runAsNonRoot",)
    controls = violated(workload, _MAY_BE_ROOT, *own)
    if pod.is_false:
        yield Problem(pod, "runAsNonRoot is false: its containers may run as root", controls=controls)
    for container in containers(workload):
        field = container.security_context["runAsNonRoot"]
        if field.is_false:
            message = f"{container.name} may run as root: runAsNonRoot is false"
            yield Problem(field, message, fix=_fix(container, field), controls=controls)
        elif not field.exists and not pod.is_true:
            message = f"{container.name} may run as root: runAsNonRoot is not set"
            yield Problem(field, message, fix=_fix(container, field), controls=controls)


def _fix(container: Container, field: Field) -> Fix | None:
    if whole_number(container.effective("runAsUser")) == 0 or container.workload.is_windows:
        return None
    return needs_review("refuse to run as root", SetValue(field.keypath, True), note=_NOTE)  # noqa: FBT003


def check_root(workload: Workload, context: RuleContext) -> Iterator[Problem]:
    """Reports `runAsUser: 0` and `runAsGroup: 0`."""
    exempt = in_user_namespace(workload, context)
    places = [(workload.security_context, "the pod")]
    places += [(container.security_context, container.name) for container in containers(workload)]
    for security_context, name in places:
        for key, who in (("runAsUser", "root"), ("runAsGroup", "the root group")):
            field = security_context[key]
            if whole_number(field) == 0:
                own = ("pss:restricted:runAsUser",) if key == "runAsUser" and not exempt else ()
                yield Problem(field, f"{name} runs as {who}", controls=violated(workload, _ROOT, *own))


_CONTEXT = POD + CONTAINERS + "      securityContext:\n"
_AT = "spec.containers[0].securityContext.runAsNonRoot"

MAY_BE_ROOT = Rule(
    id="GG-POD-011",
    name="may-run-as-root",
    title="Container may run as root (runAsNonRoot not true)",
    severity=MEDIUM,
    applies_to=Workload,
    check=check_may_be_root,
    fix_safety="needs-review",
    aliases=(
        "CKV_K8S_22",
        "CKV_K8S_23",
        "CKV_K8S_29",
        "KSV012",
        "KSV-0012",
        "AVD-KSV-0012",
        "C-0013",
        "run-as-non-root",
        "runAsRootAllowed",
    ),
    controls=_MAY_BE_ROOT,
    bad=(
        Example(POD + CONTAINERS, at=_AT, fixed=_CONTEXT + "        runAsNonRoot: true\n"),
        Example(_CONTEXT + "        runAsNonRoot: false\n", at=_AT, fixed=_CONTEXT + "        runAsNonRoot: true\n"),
        Example(_CONTEXT + "        runAsUser: 0\n", at=_AT),
    ),
    good=(
        Example(_CONTEXT + "        runAsNonRoot: true\n"),
        Example(POD + "  securityContext:\n    runAsNonRoot: true\n" + CONTAINERS),
    ),
    page="""Container may run as root.

## What it does
Reports pods and containers whose `runAsNonRoot` is false, and containers for which it is set nowhere. Pods in a user
namespace (`hostUsers: false`) violate no Pod Security check for it from Kubernetes 1.35 on.

## Why it matters
Root in the container is root on the node as soon as something else goes wrong.

## Fix safety
Needs review: an image that runs as root does not start any more. No user id is guessed.

## References
Kubernetes, Pod Security Standards, Restricted, "Running as Non-root".
""",
)

ROOT = Rule(
    id="GG-POD-012",
    name="run-as-root",
    title="runAsUser or runAsGroup explicitly 0",
    severity=HIGH,
    applies_to=Workload,
    check=check_root,
    aliases=("CKV_K8S_40", "KSV105", "KSV-0105", "AVD-KSV-0105", "C-0211", "runAsUserZero"),
    controls=_ROOT,
    bad=(
        Example(_CONTEXT + "        runAsUser: 0\n", at="spec.containers[0].securityContext.runAsUser"),
        Example(POD + "  securityContext:\n    runAsGroup: 0\n" + CONTAINERS, at="spec.securityContext.runAsGroup"),
    ),
    good=(Example(_CONTEXT + "        runAsUser: 65532\n        runAsGroup: 65532\n"),),
    page="""Container runs as root.

## What it does
Reports `runAsUser: 0` and `runAsGroup: 0`.

## Why it matters
Somebody decided that the container runs as root, whatever its image says.

## Fix safety
No automatic fix: the user id that the image was made for is not known from the manifest.

## References
Kubernetes, Pod Security Standards, Restricted, "Running as Non-root user".
""",
)
