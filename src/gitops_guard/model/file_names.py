"""Files that name images without being Kubernetes objects, known by their names."""

import re

_VALUES_NAME = r"(?i)(?:.*[._-])?values(?:[._-].*)?\.ya?ml"
KUSTOMIZATIONS = frozenset(("kustomization.yaml", "kustomization.yml", "Kustomization"))


def is_values_name(path: str) -> bool:
    """Whether a path is one that values are kept at: `values-prod.yaml`, `prod.values.yml`, `values/prod.yaml`."""
    folder, _, name = path.rpartition("/")
    if "values" in name.lower() and re.fullmatch(_VALUES_NAME, name):
        return True
    return folder.rpartition("/")[2] == "values" and name.endswith((".yaml", ".yml"))


def is_kustomization_name(name: str) -> bool:
    """Whether Kustomize reads a file of this base name."""
    return name in KUSTOMIZATIONS
