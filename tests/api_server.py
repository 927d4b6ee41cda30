"""A real kube-apiserver 1.36, which the variable GG_KUBE_APISERVER names, over etcd; openssl makes its key."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

Object = dict[str, Any]
TOKEN = "oracle"
PATHS = {
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "CSIDriver": "/apis/storage.k8s.io/v1/csidrivers",
    "CustomResourceDefinition": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "Deployment": "/apis/apps/v1/namespaces/default/deployments",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
    "Event": "/api/v1/namespaces/default/events",
    "Job": "/apis/batch/v1/namespaces/default/jobs",
    "LimitRange": "/api/v1/namespaces/default/limitranges",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies",
    "PersistentVolume": "/api/v1/persistentvolumes",
    "Pod": "/api/v1/namespaces/default/pods",
    "Secret": "/api/v1/namespaces/default/secrets",
    "Service": "/api/v1/namespaces/default/services",
}


class Server:
    """A kube-apiserver that answers dry runs."""

    def __init__(self, port: int) -> None:
        self.url = f"https://127.0.0.1:{port}"
        self.context = ssl.create_default_context()
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE  # it signs its own certificate, on loopback

    def ready(self) -> bool:
        """Whether it answers."""
        try:
            return self._status("/readyz", None)[0] == 200
        except OSError:
            return False

    def dry_run(self, value: Object) -> tuple[int, str]:
        """The status (201: accepted) and the message."""
        space = value["metadata"].get("namespace", "default")
        path = PATHS[value["kind"]].replace("/namespaces/default/", f"/namespaces/{space}/")
        return self._status(f"{path}?dryRun=All&fieldValidation=Strict", json.dumps(value).encode())

    def _status(self, path: str, body: bytes | None) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data=body, headers=headers)  # noqa: S310 - loopback
        try:
            with urllib.request.urlopen(request, context=self.context, timeout=20) as answer:  # noqa: S310 - loopback
                return answer.status, ""
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(folder: Path) -> Iterator[Server]:
    """A server that keeps its data in a folder, and stops in the end; skips where a part of it is missing."""
    binary = os.environ.get("GG_KUBE_APISERVER", "")
    missing = [name for name in ("etcd", "openssl") if shutil.which(name) is None]
    if not binary or missing:
        reason = ", ".join(missing or ["GG_KUBE_APISERVER is not set"])
        pytest.skip(f"the oracle kube-apiserver is not here: {reason}")
    etcd, peer, port = _free_port(), _free_port(), _free_port()
    key = folder / "key"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    (folder / "tokens.csv").write_text(f"{TOKEN},admin,1,system:masters\n")
    store = f"http://127.0.0.1:{etcd}"
    commands: list[list[str | Path]] = [
        [
            *("etcd", "--data-dir", folder / "etcd", "--listen-client-urls", store, "--advertise-client-urls", store),
            *("--listen-peer-urls", f"http://127.0.0.1:{peer}"),
        ],
        [
            *(binary, f"--etcd-servers={store}", f"--secure-port={port}", f"--cert-dir={folder}/certs"),
            *("--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--authorization-mode=RBAC"),
            *(f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}"),
            *("--service-account-issuer=https://kubernetes.default.svc", "--service-cluster-ip-range=10.0.0.0/16"),
            *(f"--token-auth-file={folder}/tokens.csv", "--allow-privileged=true"),
            "--disable-admission-plugins=ServiceAccount,NamespaceLifecycle",
        ],
    ]
    with (folder / "log").open("wb") as log:
        processes = [subprocess.Popen(command, stdout=log, stderr=log) for command in commands]
        try:
            found = Server(port)
            deadline = time.monotonic() + 60
            while not found.ready():
                assert time.monotonic() < deadline, (folder / "log").read_text()[-2000:]
                time.sleep(0.2)
            yield found
        finally:
            for process in reversed(processes):
                process.terminate()
                process.wait(20)
