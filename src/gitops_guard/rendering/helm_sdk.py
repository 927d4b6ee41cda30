"""Renders a chart with the Helm SDK of PyPI (`helm-python-sdk`), as `helm template` would.

Run as a program of its own, in the sandbox: the SDK follows links and ends its whole process when memory runs out. It
knows one version of Kubernetes only, so that another one, and API versions, are said to be left out.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping

Values = dict[str, object]


def main() -> int:
    """Prints the result, each template behind its path."""
    import helm_python  # noqa: PLC0415 - only in the child

    arguments = _arguments()
    for text in _left_out(arguments):
        sys.stderr.write(f"{text}\n")
    try:
        with helm_python.Chart.load(arguments.chart) as chart:
            made = chart.render(_values(arguments), name=arguments.release, namespace=arguments.namespace)
    except helm_python.HelmError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    parts = [*(_definitions(arguments.chart) if arguments.include_crds else ()), *_documents(made)]
    sys.stdout.write("".join(f"---\n# Source: {path}\n{text}\n" for path, text in parts))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("action", choices=("template",))
    parser.add_argument("release")
    parser.add_argument("chart")
    for name in ("values", "set", "set-string", "api-versions"):
        parser.add_argument(f"--{name}", action="append", default=[])
    parser.add_argument("--namespace", default="default")
    parser.add_argument("--kube-version", default="")
    parser.add_argument("--include-crds", action="store_true")
    return parser.parse_args()


def _left_out(arguments: argparse.Namespace) -> Iterator[str]:
    if arguments.kube_version:
        yield "WARNING: the Helm SDK renders for its own version of Kubernetes"
    if arguments.api_versions:
        yield "WARNING: the Helm SDK knows no further API versions"


def _values(arguments: argparse.Namespace) -> Values:
    """The values that the arguments give, later ones first."""
    from helm_python import parse_set_string, parse_set_string_values, values_from_yaml  # noqa: PLC0415

    found: Values = {}
    for path in arguments.values:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - as the rest of this package
            found = merged(found, values_from_yaml(file.read()))
    for text in arguments.set:
        found = merged(found, parse_set_string(text))
    for text in arguments.set_string:
        found = merged(found, parse_set_string_values(text))
    return found


def merged(one: Mapping[str, object], other: Mapping[str, object]) -> Values:
    """Mappings within each other, everything else replaced: as Helm joins values files."""
    out = dict(one)
    for key, value in other.items():
        known = out.get(key)
        out[key] = merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return out


def _documents(made: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for path in sorted(made):
        name = path.rpartition("/")[2]
        if name != "NOTES.txt" and not name.startswith("_") and made[path].strip():
            yield path, made[path].strip("\n")


def _definitions(chart: str) -> Iterator[tuple[str, str]]:
    """The definitions of custom resources that a chart in a folder brings."""
    top = os.path.join(chart, "crds")  # noqa: PTH118 - as the rest of this package
    for folder, _, names in sorted(os.walk(top)):
        for name in sorted(names):
            path = os.path.join(folder, name)  # noqa: PTH118
            with open(path, encoding="utf-8") as file:  # noqa: PTH123
                place = f"{os.path.basename(chart)}/crds/{os.path.relpath(path, top)}"  # noqa: PTH119
                yield place, file.read().strip("\n")


if __name__ == "__main__":
    sys.exit(main())
