"""Who can reach the cloud's metadata service, and every address with it."""

from collections.abc import Iterator, Sequence

from gitops_guard.editing.intent import AppendItem
from gitops_guard.finding import HIGH, LOW, MEDIUM
from gitops_guard.model.inventory import Inventory, PolicyFact, WorkloadFact
from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.rule import Example, Fix, Problem, Rule, RuleContext, needs_review
from gitops_guard.rules.net.isolation import SYSTEM, named, subject_of
from gitops_guard.syntax.field import Field


def check_blocks(policy: KubernetesObject, _: RuleContext) -> Iterator[Problem]:
    """Reports blocks of addresses that are too wide."""
    if policy.api_group != "networking.k8s.io":
        return
    spec = policy.spec
    for rule in spec["egress"].items():
        for peer in rule["to"].items():
            block = peer["ipBlock"]
            if block.is_mapping:
                yield from _egress(block, rule)
    for rule in spec["ingress"].items():
        for peer in rule["from"].items():
            block = peer["ipBlock"]
            if block.is_mapping:
                yield from _ingress(block, rule)


def _egress(block: Field, rule: Field) -> Iterator[Problem]:
    from gitops_guard.model.metadata_service import opens_port, reachable_address  # noqa: PLC0415 - few policies need it

    address = reachable_address(block)
    if not address:
        return
    cidr = block["cidr"]
    is_whole = _is_everything(cidr) and not any(True for _ in block["except"].items())
    if not opens_port(rule):
        if is_whole:
            message = "allows egress to every address: with some networks to the cluster's pods and nodes too"
            yield Problem(cidr, message, severity=LOW)
        return
    rest = ", and to private ranges" if is_whole else ""
    yield Problem(cidr, f"allows egress to the cloud's metadata service at {address}{rest}", fix=_fix(block, address))


def _ingress(block: Field, rule: Field) -> Iterator[Problem]:
    is_limited = any(True for limit in (block["except"], rule["ports"]) for _ in limit.items())
    if _is_everything(block["cidr"]) and not is_limited:
        yield Problem(block["cidr"], "admits every address on every port", severity=MEDIUM)


def _is_everything(cidr: Field) -> bool:
    return cidr.text.endswith("/0")


def _fix(block: Field, address: str) -> Fix | None:
    own = f"{address}/{128 if ':' in address else 32}"
    if block["cidr"].text == own or block.is_shared:
        return None
    return needs_review(
        "leave out the metadata service",
        AppendItem((*block.keypath, "except"), own),
        note="a workload that gets the node's or its own credentials from the metadata service loses them",
    )


def check_access(inventory: Inventory, _: RuleContext) -> Iterator[Problem]:
    """Reports the workloads whose policies let the metadata service through, once for each namespace."""
    policies: dict[str, list[PolicyFact]] = {}
    for policy in inventory.policies:
        if policy.reaches_metadata:
            policies.setdefault(policy.scope, []).append(policy)
    clients = {(fact.scope, fact.identity.name) for fact in inventory.service_accounts if fact.asks_cloud}
    for scope, workloads in inventory.workloads_by_scope.items() if policies else ():
        opening = policies.get(scope)
        if scope in SYSTEM or not opening:
            continue
        found = [
            fact
            for fact in workloads
            if not (fact.host_network or fact.asks_cloud or (scope, fact.service_account) in clients)
            and _selecting(opening, fact)
        ]
        if found:
            by = ", ".join(sorted({policy.identity.name for fact in found for policy in _selecting(opening, fact)}))
            message = f"{named(found)} can reach the cloud's metadata service: by NetworkPolicy {by}"
            yield Problem(subject_of(scope, found), message)


def _selecting(policies: Sequence[PolicyFact], workload: WorkloadFact) -> list[PolicyFact]:
    return [policy for policy in policies if policy.selector.matches(workload.labels)]


_HEAD = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
spec:
  podSelector: {}
"""
_EGRESS = """  policyTypes: [Egress]
  egress:
    - to:
        - ipBlock:
            cidr: CIDR
"""
_BLOCK_EXCEPT = "            except:\n              - "
_PORT = "      ports:\n        - port: "
_AT = "spec.egress[0].to[0].ipBlock.cidr"


def _of(cidr: str, rest: str = "") -> str:
    return _HEAD + _EGRESS.replace("CIDR", cidr) + rest


_POD = """apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  labels:
    app: web
spec:
  serviceAccountName: web
  containers:
    - name: web
      image: nginx:1.27.0
"""
_POLICY = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: open
  namespace: shop
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - to:
        - ipBlock:
            cidr: 0.0.0.0/0
"""
_ACCOUNT = """apiVersion: v1
kind: ServiceAccount
metadata:
  name: web
  namespace: shop
  annotations:
    iam.gke.io/gcp-service-account: web@shop.iam.gserviceaccount.com
"""
_EXCEPT = "            except: [169.254.169.254/32]\n"
_PEER = "    - to:\n        - ipBlock:\n            cidr: 0.0.0.0/0\n"

BLOCK = Rule(
    id="GG-NET-010",
    name="unlimited-address-block",
    title="ipBlock 0.0.0.0/0 or ::/0 without except for metadata and private ranges",
    severity=HIGH,
    applies_to=KubernetesObject,
    kinds=("NetworkPolicy",),
    check=check_blocks,
    fix_safety="needs-review",
    aliases=(),
    controls=(
        "cis_k8s:5.3.2",
        "nsa:net-policies",
        "nsa:net-cloud-infra",
        "mitre:T1552.005",
        "mitre:T1041",
        "sp800_190:4.4.2",
        "sp800_53:SC-7(5)",
        "pci:1.3.2",
        "owasp_k8s_2025:K08",
    ),
    bad=(
        Example(_of("0.0.0.0/0"), at=_AT, fixed=_of("0.0.0.0/0", _BLOCK_EXCEPT + "169.254.169.254/32\n")),
        Example(_of('"::/0"'), at=_AT, fixed=_of('"::/0"', _BLOCK_EXCEPT + "fd00:ec2::254/128\n")),
        Example(
            _of("0.0.0.0/0", _BLOCK_EXCEPT + "10.0.0.0/8\n"),
            at=_AT,
            fixed=_of("0.0.0.0/0", _BLOCK_EXCEPT + "10.0.0.0/8\n              - 169.254.169.254/32\n"),
        ),
        Example(_of("169.254.169.254/32", _PORT + "80\n"), at=_AT),
        Example(_of("0.0.0.0/0", _PORT + "443\n"), at=_AT),
        Example(
            _HEAD + "  ingress:\n    - from:\n        - ipBlock:\n            cidr: 0.0.0.0/0\n",
            at="spec.ingress[0].from[0].ipBlock.cidr",
        ),
    ),
    good=(
        Example(_of("0.0.0.0/0", _BLOCK_EXCEPT + "169.254.0.0/16\n")),
        Example(_of("192.0.2.0/24")),
        Example(_of("169.254.0.0/16", _PORT + "53\n          protocol: UDP\n")),
        Example(_of("no block")),
        Example(_of("0.0.0.0/0", _BLOCK_EXCEPT + "10.0.0.0/8\n" + _PORT + "443\n")),
        Example(
            _HEAD + "  ingress:\n    - from:\n        - ipBlock:\n            cidr: 0.0.0.0/0\n      ports:\n"
            "        - port: 443\n"
        ),
    ),
    page="""Every address is allowed, the cloud's metadata service with them.

## What it does
Reports egress peers whose `ipBlock` covers the cloud's metadata service (169.254.169.254, or fd00:ec2::254) where
`except` does not leave it out: `0.0.0.0/0` and `::/0` above all. Where the rule's ports do not include TCP 80, on which
the service answers, only blocks of every address that leave out nothing are reported, as low: private networks are in
them. Also reports ingress peers that are every address, on every port, as medium.

## Why it matters
The metadata service gives the node's credentials to whoever asks. With some networks a block of all addresses covers
the pods and nodes of the cluster too.

## Fix safety
Needs review: the patch adds the address of the metadata service to `except`. A workload that gets its credentials there
loses them. Private ranges are not added: the application may need some of them.

## References
Kubernetes API, IPBlock. AWS, "Use the Instance Metadata Service".
""",
)

ACCESS = Rule(
    id="GG-NET-018",
    name="metadata-service-access",
    title="Workload not listed as cloud-API client can reach the metadata service",
    severity=MEDIUM,
    applies_to=Inventory,
    check=check_access,
    aliases=("C-0052",),
    controls=(
        "cis_k8s:5.3.2",
        "nsa:net-cloud-infra",
        "mitre:T1552.005",
        "sp800_190:4.4.2",
        "sp800_53:SC-7(5)",
        "sp800_53:AC-6",
        "pci:1.3.2",
        "owasp_k8s_2025:K08",
    ),
    bad=(
        Example(_POD, at="", beside=(("policy.yaml", _POLICY),)),
        Example(_POD, at="", beside=(("policy.yaml", _POLICY.replace(_PEER, "    - {}\n")),)),
        Example(_POD + "---\n" + _POD.replace("web", "api"), at="", beside=(("policy.yaml", _POLICY),)),
    ),
    good=(
        Example(_POD),
        Example(_POD, beside=(("policy.yaml", _POLICY + _EXCEPT),)),
        Example(_POD, beside=(("policy.yaml", _POLICY), ("account.yaml", _ACCOUNT))),
        Example(_POD, beside=(("policy.yaml", _POLICY.replace("{}", "{matchLabels: {app: db}}")),)),
        Example(_POD, beside=(("policy.yaml", _POLICY + "      ports:\n        - port: 443\n"),)),
        Example(_POD, beside=(("policy.yaml", _POLICY.replace(_PEER, "    - to:\n        - podSelector: {}\n")),)),
    ),
    page="""Workload can reach the cloud's metadata service.

## What it does
Reports workloads that a policy isolates for egress while a policy lets them reach the metadata service: by a rule
without peers, or by an `ipBlock` that covers its address. One finding for a namespace, at the first of them. Workloads
with an identity of the cloud (an annotation of their service account or pods) are left out; those that no policy
isolates for egress are reported by GG-NET-002.

## Why it matters
The metadata service gives the node's credentials to whoever asks: one request forged in the application is enough.

## Fix safety
No automatic fix here: GG-NET-010 leaves the address out of a block. In the node's configuration, IMDSv2 with a hop
limit of 1 keeps pods away from it.

## References
AWS, "Use the Instance Metadata Service", hop limit. MITRE ATT&CK T1552.005.
""",
)
