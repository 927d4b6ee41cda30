"""Folders of the node that a pod mounts, and volumes that the Restricted level leaves out."""

from collections.abc import Iterator

from gitops_guard.finding import CRITICAL, HIGH, LOW
from gitops_guard.model.workload import Workload
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.rules.pod.pss import CONTAINERS, HARDENING, POD, violated
from gitops_guard.syntax.field import Field

_RESTRICTED_VOLUMES = (
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret",
)  # fmt: skip
_SOCKETS = ("docker.sock", "containerd.sock", "crio.sock", "dockershim.sock", "podman.sock", "cri-dockerd.sock")
_RUNTIME_FOLDERS = (
    "/var/run/docker", "/run/docker", "/var/lib/docker", "/run/containerd", "/var/run/containerd",
    "/var/lib/containerd", "/var/run/crio", "/run/crio", "/var/lib/kubelet", "/etc/kubernetes",
)  # fmt: skip
_HOST_PATH_PSS = ("pss:baseline:hostPathVolumes", "pss:restricted:restrictedVolumes")
_HOST_PATH = (
    *_HOST_PATH_PSS, "cis_k8s:5.2.11", "nsa:pod-security-enforcement", "mitre:T1611", "mitre:T1552.001",
    "sp800_190:4.5.5", "sp800_53:AC-6", "sp800_53:SC-39", "pci:2.2.6", "owasp_k8s_2025:K01",
)  # fmt: skip
_SOCKET = (
    *_HOST_PATH_PSS, "cis_k8s:5.2.11", "nsa:pod-security-enforcement", "mitre:T1611", "mitre:T1610", "sp800_53:AC-6",
    *HARDENING,
)  # fmt: skip
_VOLUME_TYPE = (
    "pss:restricted:restrictedVolumes", "cis_k8s:5.2.11", "nsa:pod-security-enforcement", "mitre:T1611",
    "sp800_190:4.5.5", "sp800_53:CM-7", "pci:2.2.6", "owasp_k8s_2025:K01",
)  # fmt: skip


def check_host_path(workload: Workload, _: RuleContext) -> Iterator[Problem]:
    """Reports hostPath volumes."""
    for volume in workload.volumes():
        host_path = volume["hostPath"]
        if host_path.exists:
            yield Problem(
                host_path,
                f"volume {volume['name'].text} is {host_path['path'].text or 'a folder'} of the node",
                controls=_host_path_controls(workload, volume, _HOST_PATH),
            )


def check_runtime_socket(workload: Workload, _: RuleContext) -> Iterator[Problem]:
    """Reports hostPath volumes through which the container runtime or the kubelet can be driven."""
    for volume in workload.volumes():
        path = volume["hostPath"]["path"]
        place = path.text.rstrip("/")
        if place and (place.endswith(_SOCKETS) or any(_is_below(place, folder) for folder in _RUNTIME_FOLDERS)):
            yield Problem(
                path,
                f"volume {volume['name'].text} hands over the container runtime or kubelet of the node ({place})",
                controls=_host_path_controls(workload, volume, _SOCKET),
            )


def _host_path_controls(workload: Workload, volume: Field, controls: tuple[str, ...]) -> tuple[str, ...]:
    """The Restricted level passes over a hostPath that stands beside a type that it allows."""
    own = _HOST_PATH_PSS[:1] if _is_restricted_type(volume) else _HOST_PATH_PSS
    return violated(workload, controls, *own)


def _is_restricted_type(volume: Field) -> bool:
    return any(volume[kind].exists for kind in _RESTRICTED_VOLUMES)


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


def check_volume_type(workload: Workload, _: RuleContext) -> Iterator[Problem]:
    """Reports volumes of a type that the Restricted level does not list; hostPath has a rule of its own."""
    for volume in workload.volumes():
        if volume["hostPath"].exists or _is_restricted_type(volume):
            continue
        kinds = [str(entry.key) for entry in volume.entries() if entry.key != "name"]
        kind = kinds[0] if kinds else "none"
        yield Problem(
            volume,
            f"volume {volume['name'].text} has type {kind}: claim it through a PersistentVolumeClaim",
            controls=violated(workload, _VOLUME_TYPE, "pss:restricted:restrictedVolumes"),
        )


_VOLUMES = POD + CONTAINERS + "  volumes:\n    - name: data\n"

HOST_PATH = Rule(
    id="GG-POD-006",
    name="host-path",
    title="hostPath volume",
    severity=HIGH,
    applies_to=Workload,
    check=check_host_path,
    aliases=("KSV023", "KSV-0023", "AVD-KSV-0023", "C-0048", "C-0045", "sensitive-host-mounts", "hostPathSet"),
    controls=_HOST_PATH,
    bad=(Example(_VOLUMES + "      hostPath:\n        path: /srv\n", at="spec.volumes[0].hostPath"),),
    good=(Example(_VOLUMES + "      emptyDir: {}\n"),),
    page="""Volume is a folder of the node.

## What it does
Reports `hostPath` volumes.

## Why it matters
What is written there outlives the pod and reaches every other pod of the node; what is read there was meant for the
node. Many paths lead to the node's root user.

## Fix safety
No automatic fix: an emptyDir, a PersistentVolumeClaim or a CSI volume depends on what the data are.

## References
Kubernetes, Pod Security Standards, Baseline, "HostPath Volumes".
""",
)

RUNTIME_SOCKET = Rule(
    id="GG-POD-007",
    name="runtime-socket",
    title="Container runtime socket or kubelet directory mounted",
    severity=CRITICAL,
    applies_to=Workload,
    check=check_runtime_socket,
    aliases=("CKV_K8S_27", "KSV006", "KSV-0006", "AVD-KSV-0006", "C-0074", "docker-sock"),
    controls=_SOCKET,
    bad=(
        Example(_VOLUMES + "      hostPath:\n        path: /var/run/docker.sock\n", at="spec.volumes[0].hostPath.path"),
        Example(_VOLUMES + "      hostPath:\n        path: /var/lib/kubelet/\n", at="spec.volumes[0].hostPath.path"),
    ),
    good=(Example(_VOLUMES + "      hostPath:\n        path: /var/log\n"),),
    page="""The node's container runtime is handed over.

## What it does
Reports `hostPath` volumes that hold the socket of a container runtime, or the folders of the runtime, the kubelet or
the control plane.

## Why it matters
Whoever can talk to the runtime starts a privileged container and owns the node.

## Fix safety
No automatic fix: use the Kubernetes API instead of the socket.

## References
Kubernetes, Pod Security Standards, Baseline, "HostPath Volumes".
""",
)

VOLUME_TYPE = Rule(
    id="GG-POD-020",
    name="restricted-volume-type",
    title="Volume type outside the restricted list",
    severity=LOW,
    applies_to=Workload,
    check=check_volume_type,
    aliases=("KSV028", "KSV-0028", "AVD-KSV-0028", "C-0203"),
    controls=_VOLUME_TYPE,
    bad=(Example(_VOLUMES + "      nfs:\n        server: nfs.example.org\n        path: /\n", at="spec.volumes[0]"),),
    good=(
        Example(_VOLUMES + "      emptyDir: {}\n"),
        Example(_VOLUMES + "      hostPath:\n        path: /srv\n"),
    ),
    page="""Volume type is outside the Restricted list.

## What it does
Reports volumes of other types than configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim,
projected and secret. For hostPath see GG-POD-006.

## Why it matters
The pod names the storage and its credentials itself, so whoever may create pods chooses what to mount.

## Fix safety
No automatic fix: put the storage behind a PersistentVolumeClaim.

## References
Kubernetes, Pod Security Standards, Restricted, "Volume Types".
""",
)
