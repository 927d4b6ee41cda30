"""Looks at one file: what it is, what the rules find in it, what the rest of the repository needs to know of it."""

from collections.abc import Callable
from typing import NamedTuple

from gitops_guard.engine import Detection, FileScan, RuleSet
from gitops_guard.model.inventory import INVENTORY_KINDS, Fact, facts_of
from gitops_guard.model.kubernetes_object import KubernetesObject, objects
from gitops_guard.rule import RuleContext
from gitops_guard.source_file import Skipped, SourceFile
from gitops_guard.suppression import Ignore, may_ignore
from gitops_guard.syntax.dockerfile_name import is_dockerfile_name
from gitops_guard.syntax.yaml import ParseProblem, Stream, parse
from gitops_guard.text import LineIndex

NOT_A_MANIFEST = "holds no Kubernetes object; searched for credentials only"
TEMPLATE = "Helm or Go template: not rendered here; searched for credentials only"


ReadBeside = Callable[[str], str | None]
"""Gives the text of a file of the repository; None where there is none."""


class Rules:
    """The rules of a run; those for Dockerfiles are loaded when the first Dockerfile is met."""

    def __init__(
        self, manifest: RuleSet, load_dockerfile: Callable[[], RuleSet], read: ReadBeside | None = None
    ) -> None:
        self.manifest = manifest
        self._read = read
        self._load = load_dockerfile
        self._dockerfile: RuleSet | None = None

    @property
    def dockerfile(self) -> RuleSet:
        """The rules for Dockerfiles."""
        if self._dockerfile is None:
            self._dockerfile = self._load()
        return self._dockerfile

    def dockerignore(self, path: str) -> str | None:
        """What narrows the build context of a Dockerfile, as far as that can be told; see `RuleContext`."""
        if self._read is None:
            return None
        folder = path.rpartition("/")[0]
        places = (f"{path}.dockerignore", f"{folder}/.dockerignore".lstrip("/"), ".dockerignore")
        found = (self._read(place) for place in dict.fromkeys(places))
        return next((text for text in found if text is not None), "")


class Inspection(NamedTuple):
    """What became of one file. `skipped` and `failed` say why parts or all of it were not looked at."""

    path: str
    detections: tuple[Detection, ...] = ()
    facts: tuple[Fact, ...] = ()
    ignores: tuple[Ignore, ...] = ()
    skipped: Skipped | None = None
    failed: Skipped | None = None


def inspect(file: SourceFile, rules: Rules, context: RuleContext) -> Inspection:
    """Looks at a file. Never raises for any text."""
    if is_dockerfile_name(file.path.rpartition("/")[2]):
        return _dockerfile(file, rules, context)
    scan = FileScan(file, context)
    if "apiVersion" not in file.text or "kind" not in file.text:
        return Inspection(file.path, tuple(scan.text(rules.manifest)), skipped=Skipped(file.path, NOT_A_MANIFEST))
    return _manifest(file, parse(file.text), scan, rules.manifest)


def _manifest(file: SourceFile, stream: Stream, scan: FileScan, rules: RuleSet) -> Inspection:
    found = [*scan.text(rules), *scan.stream(stream, rules)]
    facts: list[Fact] = []
    any_object = False

    def place_of(obj: KubernetesObject) -> object:
        return scan.place(obj.field.keypath, obj.field.first_line, obj.document)

    for document in stream.documents:
        for obj in objects(document):
            any_object = True
            found += scan.object(obj, rules)
            if obj.kind in INVENTORY_KINDS:
                facts += facts_of(obj, file.path, place_of)  # type: ignore[arg-type]
    unread = [problem for problem in stream.problems if problem.skipped]
    skipped = failed = None
    if not any_object:
        if any(problem.kind == "template" for problem in unread):
            skipped = Skipped(file.path, TEMPLATE)
        elif unread:
            failed = Skipped(file.path, unread[0].message)
        else:
            skipped = Skipped(file.path, NOT_A_MANIFEST)
    ignores: tuple[Ignore, ...] = ()
    if may_ignore(file.text):
        from gitops_guard.ignore_comments import yaml_ignores  # noqa: PLC0415 - few files need it

        ignores = yaml_ignores(file.text, stream)
    return Inspection(file.path, tuple(found), tuple(facts), ignores, skipped, failed)


def _dockerfile(file: SourceFile, rules: Rules, context: RuleContext) -> Inspection:
    from gitops_guard.syntax.dockerfile import DockerfileError  # noqa: PLC0415 - only where there is a Dockerfile
    from gitops_guard.syntax.dockerfile import parse as parse_dockerfile  # noqa: PLC0415

    scan = FileScan(file, context._replace(dockerignore=rules.dockerignore(file.path)))
    found = list(scan.text(rules.manifest))
    try:
        dockerfile = parse_dockerfile(file.text, dict(context.settings.build_arguments))
    except DockerfileError as error:
        reason = Skipped(file.path, error.message if error.line is None else f"line {error.line}: {error.message}")
        if error.kind == "template":
            return Inspection(file.path, tuple(found), skipped=reason)
        at = LineIndex(file.text).line_start(error.line or 1)
        found += scan.stream(Stream((), (ParseProblem("syntax", error.message, at, at),)), rules.manifest)
        return Inspection(file.path, tuple(found), failed=reason)
    found += scan.other(dockerfile, rules.dockerfile)
    lines = ((instruction.first_line, instruction.last_line) for instruction in dockerfile.instructions)
    ignores: tuple[Ignore, ...] = ()
    if may_ignore(file.text):
        from gitops_guard.ignore_comments import dockerfile_ignores  # noqa: PLC0415 - few files need it

        ignores = dockerfile_ignores(file.text, lines)
    return Inspection(file.path, tuple(found), ignores=ignores)
