"""Repositories for tests of synthesis, from texts of files, and the policies that come of them as plain data."""

from collections.abc import Mapping
from typing import Any

import yaml

from gitops_guard.network.discovered import discovered
from gitops_guard.network.existing import existing
from gitops_guard.network.inference import infer
from gitops_guard.network.policy_text import MARK
from gitops_guard.network.synthesis import Synthesis, synthesise
from gitops_guard.network_settings import NetworkSettings
from netpol_objects import located

Json = dict[str, Any]
DEFAULTS = NetworkSettings()


def synthesis_of(files: str | Mapping[str, str], settings: NetworkSettings = DEFAULTS) -> Synthesis:
    """What is synthesised for files of these paths."""
    texts = {"app.yaml": files} if isinstance(files, str) else files
    objects = [one for path, text in texts.items() for one in located(text, path)]
    own = frozenset(path for path, text in texts.items() if text.startswith(MARK))
    connections = infer(objects)
    around = existing(objects, own, connections)
    return synthesise(around, connections, discovered(around, settings))


def policies(found: Synthesis) -> dict[str, Json]:
    """All policies by `namespace/name`, as a reader of YAML that shares no code with this program sees them."""
    every = [one for group in found.groups for one in yaml.safe_load_all(group.text) if one]
    names = [f"{one['metadata'].get('namespace', '')}/{one['metadata']['name']}" for one in every]
    assert len(set(names)) == len(names) or len(found.groups) > 1
    return dict(zip(names, every, strict=True))


def deployment(
    name: str, space: str = "", env: Mapping[str, str] | None = None, port: int | str = 8080, **more: Any
) -> str:
    """A Deployment, with its labels apart from its selector, and a Service of the same name."""
    where = f"\n  namespace: {space}" if space else ""
    ports = f"{{name: {port}, containerPort: 8443}}" if isinstance(port, str) else f"{{containerPort: {port}}}"
    variables = "".join(f'\n            - {{name: {key}, value: "{value}"}}' for key, value in (env or {}).items())
    extra = "".join(f"\n      {key}: {value}" for key, value in more.items())
    return f"""---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}{where}
spec:
  replicas: 2
  selector:
    matchLabels: {{app: {name}}}
  template:
    metadata:
      labels: {{app: {name}, version: v1}}
    spec:{extra}
      containers:
        - name: main
          image: registry.example.com/{name}:1
          ports: [{ports}]
          env:{variables or " []"}
---
apiVersion: v1
kind: Service
metadata:
  name: {name}{where}
spec:
  selector: {{app: {name}}}
  ports: [{{name: main, port: 80, targetPort: {port}}}]
"""
