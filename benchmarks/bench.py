"""Measures CPU time side by side: a bare interpreter, the floor of reading and parsing, this program, and its peers.

    python benchmarks/bench.py [FOLDER...]        a generated repository of 3,000 manifests where no folder is given

Peers (checkov, hadolint) are measured where they are found on the PATH or in $GITOPS_GUARD_PEERS, a folder of programs.
Every figure is the median of the runs of a whole process tree; ratios matter, absolute times are of this machine.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

TOOL = Path(sys.executable).parent / "gitops-guard"
FLOOR = """
import os, sys, yaml
from yaml.cyaml import CParser
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        if name.endswith((".yaml", ".yml")):
            text = open(os.path.join(folder, name), "rb").read().decode("utf-8", "replace")
            parser = CParser(text.lstrip(chr(0xFEFF)))
            try:
                while parser.check_event():
                    parser.get_event()
            except yaml.YAMLError:
                pass
"""
MANIFEST = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{0}
  namespace: team-{1}
spec:
  selector:
    matchLabels:
      app: app-{0}
  template:
    metadata:
      labels:
        app: app-{0}
    spec:
      containers:
        - name: web
          image: registry.example.org/app:{0}
          ports:
            - containerPort: 8080
"""


class Cost(NamedTuple):
    """Medians: CPU and wall seconds, and the peak memory of the largest process in MiB."""

    cpu: float
    wall: float
    peak: float


def cost(*argv: object, cwd: Path | None = None, runs: int = 5) -> Cost:
    """Runs a program several times."""
    found = []
    for _ in range(runs):
        start = time.monotonic()
        process = subprocess.Popen(
            [str(part) for part in argv], cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        found.append(Cost(usage.ru_utime + usage.ru_stime, time.monotonic() - start, usage.ru_maxrss / 1024))
    return sorted(found)[runs // 2]


def line(what: str, found: Cost, against: Cost, name: str) -> None:
    """Prints one figure."""
    ratio = found.cpu / max(against.cpu, 0.001)
    print(f"{what:44} {found.cpu:8.3f} s CPU  {found.wall:8.3f} s wall  {found.peak:5.0f} MiB  {ratio:7.2f}x {name}")


def start_up(folder: Path) -> None:
    """A check of one manifest."""
    bare = cost(sys.executable, "-c", "pass", runs=15)
    one = next(path for path in sorted(folder.rglob("*.yaml")) if "Deployment" in path.read_text(errors="replace"))
    line("a bare interpreter", bare, bare, "bare")
    line("check, one manifest", cost(TOOL, "check", one, "--format", "json", runs=15), bare, "bare")


def sweep(folder: Path) -> None:
    """A check of a whole tree, beside the peers."""
    files = sum(1 for path in folder.rglob("*") if path.suffix in {".yaml", ".yml"})
    floor = cost(sys.executable, "-c", FLOOR, folder, runs=3)
    print(f"\n{folder.name}: {files} YAML files")
    line("floor: read and parse to events", floor, floor, "floor")
    ours = cost(TOOL, "check", folder, "--format", "json", "--fail-level", "none", runs=3)
    line("check, the whole tree", ours, floor, "floor")
    checkov = peer("checkov")
    if checkov and files <= 1000:  # noqa: PLR2004 - more takes it minutes
        checkov_argv = (checkov, "-d", folder, "--framework", "kubernetes", "--compact", "--quiet", "-o", "json")
        line("checkov, the same tree", cost(*checkov_argv, runs=1), ours, "check")
    hadolint = peer("hadolint")
    dockerfiles = [path for path in folder.rglob("Dockerfile") if path.is_file()]
    if hadolint and dockerfiles:
        line("check, its Dockerfiles", cost(TOOL, "check", *dockerfiles, "--format", "json"), ours, "check")
        line("hadolint, its Dockerfiles", cost(hadolint, "-f", "json", *dockerfiles), ours, "check")


def change(folder: Path) -> None:
    """A pull request of one file."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "repository"
        shutil.copytree(folder, root, ignore=shutil.ignore_patterns(".git"))
        for argv in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-qm", "base"), ("checkout", "-qb", "x")):
            git(root, *argv)
        (root / "added.yaml").write_text(MANIFEST.format(99999, 1))
        git(root, "add", "-A")
        git(root, "commit", "-qm", "change")
        bare = cost(sys.executable, "-c", "pass")
        argv = (TOOL, "check", "--base", "main", "--format", "json", "--fail-level", "none")
        line("check --base, one changed file", cost(*argv, cwd=root), bare, "bare")


def git(root: Path, *arguments: str) -> None:
    """Runs git without the user's identity."""
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def peer(name: str) -> str | None:
    """A peer's program, if it is installed."""
    return shutil.which(name, path=os.environ.get("GITOPS_GUARD_PEERS", "") + os.pathsep + os.environ.get("PATH", ""))


def generated(folder: Path) -> Path:
    """A repository of manifests for where none is at hand."""
    for number in range(3000):
        file = folder / f"team-{number % 50}" / f"app-{number}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(MANIFEST.format(number, number % 50))
    return folder


def main() -> None:
    """Prints all figures."""
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(argument).absolute() for argument in sys.argv[1:]] or [generated(Path(scratch))]
        start_up(folders[0])
        for folder in folders:
            sweep(folder)
        change(folders[0])
    absent = [name for name in ("checkov", "hadolint") if peer(name) is None]
    if absent:
        print(f"\nnot installed, so not measured: {', '.join(absent)}")


if __name__ == "__main__":
    main()
