"""Which network (CNI) an object installs, and whether that network enforces NetworkPolicies.

Sources: the documentation of flannel (no policies of its own), of the Amazon VPC CNI (policies are enforced by the
node agent, with `--enable-network-policy=true`), of kind (kindnet enforces policies since v0.24.0, August 2024) and of
kops (`spec.networking`; kubenet and flannel enforce none).
"""

from gitops_guard.model.kubernetes_object import KubernetesObject
from gitops_guard.model.workload import Container, containers, workload

_ENGINES = frozenset((
    "antrea-agent-ubuntu", "antrea-ubuntu", "calico-node", "cilium", "kube-network-policies", "kube-router",
    "weave-npc",
))  # fmt: skip
_CALICO = "calico/node"
_AGENT = "aws-network-policy-agent"
_AGENT_ON = "--enable-network-policy=true"
_KINDNET_SINCE = "v20240813"
_KOPS = (("flannel", "flannel"), ("kubenet", "kubenet"))


def network_of(obj: KubernetesObject) -> tuple[str, bool] | None:
    """The network that an object installs, and whether it enforces policies; None if it installs none."""
    if obj.kind == "Cluster":
        return _kops(obj) if obj.api_group == "kops.k8s.io" else None
    pods = workload(obj) if obj.kind == "DaemonSet" else None
    found = [] if pods is None else [one for one in map(_container, containers(pods)) if one is not None]
    return next((one for one in found if one[1]), found[0] if found else None)


def _container(container: Container) -> tuple[str, bool] | None:
    name, _, tag = container.image.text.partition("@")[0].rpartition("/")[2].partition(":")
    if name in _ENGINES or f"{_CALICO}:" in f"{container.image.text}:":
        return name, True
    if name == _AGENT:
        arguments = {item.text for key in ("command", "args") for item in container.field[key].items()}
        return ("Amazon VPC CNI", True) if _AGENT_ON in arguments else None
    if name in {"amazon-k8s-cni", "aws-vpc-cni"}:
        return "Amazon VPC CNI without its network policy agent", False
    if name == "flannel":
        return "flannel", False
    if name == "kindnetd" and _is_old_kindnet(tag):
        return f"kindnet {tag}", False
    return None


def _is_old_kindnet(tag: str) -> bool:
    """Whether a tag names a version before policies; tags are `vYYYYMMDD-commit`, and in the beginning `v0.5.4`."""
    date = tag.partition("-")[0]
    return tag.startswith("v0.") or (
        tag.startswith("v20") and len(date) == len(_KINDNET_SINCE) and date < _KINDNET_SINCE
    )


def _kops(obj: KubernetesObject) -> tuple[str, bool] | None:
    networking = obj.spec["networking"]
    return next(((name, False) for key, name in _KOPS if networking[key].is_mapping), None)
