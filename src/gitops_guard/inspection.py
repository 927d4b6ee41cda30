"""Looks at one file: what it is, what the rules find in it, what the rest of the repository needs to know of it."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from gitops_guard.engine import Detection, FileScan, RuleSet, rule_set
from gitops_guard.finding import Resource
from gitops_guard.model.file_names import is_kustomization_name, is_values_name
from gitops_guard.model.inventory import INVENTORY_KINDS, Fact, facts_of
from gitops_guard.model.kubernetes_object import KubernetesObject, objects
from gitops_guard.model.named_image import NamedImage
from gitops_guard.model.named_images import named_images
from gitops_guard.model.used_image import UsedImage
from gitops_guard.model.used_images import used_of_manifest
from gitops_guard.rule import RuleContext
from gitops_guard.settings import Build
from gitops_guard.source_file import Skipped, SourceFile
from gitops_guard.suppression import Ignore, may_ignore
from gitops_guard.syntax.dockerfile_name import is_dockerfile_name
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.yaml import ParseProblem, Stream, parse
from gitops_guard.text import LineIndex

NOT_A_MANIFEST = "holds no Kubernetes object; searched for credentials only"
TEMPLATE = "Helm or Go template: not rendered here; searched for credentials only"
VALUES = "values of a Helm chart: searched for images and secrets only"
KUSTOMIZATION = "a Kustomization without kind: searched for images, remote sources and secrets only"

_DELIVERY_KINDS = frozenset((
    "AppProject", "Application", "ApplicationSet", "Bucket", "Component", "GitRepository", "HelmChart", "HelmRelease",
    "HelmRepository", "Kustomization", "OCIRepository",
))  # fmt: skip
"""The kinds that the rules on delivery apply to, known without loading them."""

ReadBeside = Callable[[str], str | None]
"""Gives the text of a file of the repository; None where there is none."""


class Rules:
    """The rules of a run; those for Dockerfiles and on delivery are loaded when the first such file is met."""

    def __init__(
        self,
        manifest: RuleSet,
        load_dockerfile: Callable[[], RuleSet],
        read: ReadBeside | None = None,
        load_delivery: Callable[[], RuleSet] | None = None,
    ) -> None:
        self.manifest = manifest
        self.read: ReadBeside = read or (lambda _: None)
        self._knows_files = read is not None
        self._load = load_dockerfile
        self._dockerfile: RuleSet | None = None
        self._load_delivery = load_delivery or (lambda: rule_set(()))
        self._delivery: RuleSet | None = None

    @property
    def delivery(self) -> RuleSet:
        """The rules on what delivers manifests."""
        if self._delivery is None:
            self._delivery = self._load_delivery()
        return self._delivery

    @property
    def dockerfile(self) -> RuleSet:
        """The rules for Dockerfiles."""
        if self._dockerfile is None:
            self._dockerfile = self._load()
        return self._dockerfile

    def dockerignore(self, path: str) -> str | None:
        """What narrows the build context of a Dockerfile, as far as that can be told; see `RuleContext`."""
        if not self._knows_files:
            return None
        folder = path.rpartition("/")[0]
        places = (f"{path}.dockerignore", f"{folder}/.dockerignore".lstrip("/"), ".dockerignore")
        found = (self.read(place) for place in dict.fromkeys(places))
        return next((text for text in found if text is not None), "")


class Inspection(NamedTuple):
    """What became of one file. `skipped` and `failed` say why parts or all of it were not looked at.

    `images` are all that it names, `builds` those that it says it becomes.
    """

    path: str
    detections: tuple[Detection, ...] = ()
    facts: tuple[Fact, ...] = ()
    ignores: tuple[Ignore, ...] = ()
    skipped: Skipped | None = None
    failed: Skipped | None = None
    images: tuple[UsedImage, ...] = ()
    builds: tuple[Build, ...] = ()


def inspect(file: SourceFile, rules: Rules, context: RuleContext) -> Inspection:
    """Looks at a file. Never raises for any text."""
    if is_dockerfile_name(file.path.rpartition("/")[2]):
        return _dockerfile(file, rules, context)
    scan = FileScan(file, context)
    if "apiVersion" in file.text and "kind" in file.text:
        return _manifest(file, parse(file.text), scan, rules)
    found = tuple(scan.text(rules.manifest))
    if _may_name_images(file.path):
        return _without_object(file, parse(file.text), scan, rules, found)
    return Inspection(file.path, found, skipped=Skipped(file.path, NOT_A_MANIFEST))


def _manifest(file: SourceFile, stream: Stream, scan: FileScan, every: Rules) -> Inspection:
    rules = every.manifest
    found = [*scan.text(rules), *scan.stream(stream, rules)]
    facts: list[Fact] = []
    images: list[UsedImage] = []
    any_object = False

    def place_of(obj: KubernetesObject) -> object:
        return scan.place(obj.field.keypath, obj.field.first_line, obj.document)

    for document in stream.documents:
        for obj in objects(document):
            any_object = True
            found += scan.object(obj, rules)
            if obj.kind in _DELIVERY_KINDS:
                found += scan.object(obj, every.delivery)
            if obj.kind in INVENTORY_KINDS:
                facts += facts_of(obj, file.path, place_of)  # type: ignore[arg-type]
            named = named_images(obj)
            if named:
                found += _judged(named, scan, rules, obj)
                images += _used(named, scan, obj, obj.document)
    if not any_object and _may_name_images(file.path):
        return _without_object(file, stream, scan, every, tuple(found))
    skipped, failed = (None, None) if any_object else _unread(file.path, stream, NOT_A_MANIFEST)
    ignores: tuple[Ignore, ...] = ()
    if may_ignore(file.text):
        from gitops_guard.ignore_comments import yaml_ignores  # noqa: PLC0415 - few files need it

        ignores = yaml_ignores(file.text, stream)
    return Inspection(file.path, tuple(found), tuple(facts), ignores, skipped, failed, tuple(images))


def _unread(path: str, stream: Stream, otherwise: str) -> tuple[Skipped | None, Skipped | None]:
    """Why nothing of a file was looked at: as skipped, or as failed."""
    unread = [problem for problem in stream.problems if problem.skipped]
    if any(problem.kind == "template" for problem in unread):
        return Skipped(path, TEMPLATE), None
    if unread:
        return None, Skipped(path, unread[0].message)
    return Skipped(path, otherwise), None


def _may_name_images(path: str) -> bool:
    return is_values_name(path) or is_kustomization_name(path.rpartition("/")[2])


def _without_object(
    file: SourceFile, stream: Stream, scan: FileScan, every: Rules, found: tuple[Detection, ...]
) -> Inspection:
    """Looks at values of a chart, or at a Kustomization that leaves out its kind."""
    from gitops_guard.model.delivery import KustomizationFile, ValuesFile  # noqa: PLC0415 - few files are such
    from gitops_guard.plain_files import images_of  # noqa: PLC0415 - only where there is such a file

    detections, images = list(found), list[UsedImage]()
    is_kustomization = is_kustomization_name(file.path.rpartition("/")[2])
    for document in stream.documents:
        root = Field(None, "", document.root)
        detections += scan.other(KustomizationFile(root) if is_kustomization else ValuesFile(root), every.delivery)
        named = images_of(file.path, root, every.read)
        detections += _judged(named, scan, every.manifest, None)
        images += _used(named, scan, None, document.number)
    skipped, failed = _unread(file.path, stream, KUSTOMIZATION if is_kustomization else VALUES)
    return Inspection(file.path, tuple(detections), skipped=skipped, failed=failed, images=tuple(images))


def _judged(
    named: Iterable[NamedImage], scan: FileScan, rules: RuleSet, obj: KubernetesObject | None
) -> Iterator[Detection]:
    for one in named if rules.image else ():
        yield from scan.image(one, rules, obj)


def _used(
    named: Iterable[NamedImage], scan: FileScan, obj: KubernetesObject | None, document: int
) -> Iterator[UsedImage]:
    resource = Resource() if obj is None else Resource(*obj.identity)
    for one in named:
        yield used_of_manifest(one, scan.place(one.at.keypath, one.at.span, document), resource)


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
    from gitops_guard.model.built_image import builds_of  # noqa: PLC0415
    from gitops_guard.model.used_images import used_of_dockerfile  # noqa: PLC0415

    found += scan.other(dockerfile, rules.dockerfile)
    images = used_of_dockerfile(dockerfile, lambda span: scan.place((), span, 0))
    lines = ((instruction.first_line, instruction.last_line) for instruction in dockerfile.instructions)
    ignores: tuple[Ignore, ...] = ()
    if may_ignore(file.text):
        from gitops_guard.ignore_comments import dockerfile_ignores  # noqa: PLC0415 - few files need it

        ignores = dockerfile_ignores(file.text, lines)
    return Inspection(file.path, tuple(found), ignores=ignores, images=images, builds=builds_of(dockerfile, file.path))
