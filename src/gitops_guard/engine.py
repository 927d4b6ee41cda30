"""Runs rules over what was read: pure, and ignorant of any concrete rule.

A document is walked once: rules are dispatched by kind, and only the views that some rule wants are built.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitops_guard.finding import Finding, FixOffer, Place, Resource, Severity
from gitops_guard.model.kubernetes_object import KubernetesObject, ObjectIdentity, objects
from gitops_guard.model.named_image import NamedImage
from gitops_guard.model.named_images import named_images
from gitops_guard.model.workload import WORKLOAD_KINDS, Container, Workload, containers, workload
from gitops_guard.rule import Fix, Problem, Rule, RuleContext, Subject
from gitops_guard.source_file import SourceFile
from gitops_guard.syntax.field import Field, KeyPath, format_keypath
from gitops_guard.syntax.nodes import Mapping, Scalar, Sequence
from gitops_guard.syntax.yaml import Stream
from gitops_guard.text import LineIndex, Span


class Detection(NamedTuple):
    """A finding with what only the fixing side needs: the proposal, and the object it belongs to.

    `root` is the keypath of the object in document `document`.
    """

    finding: Finding
    fix: Fix | None
    document: int
    root: KeyPath
    unless_probed: bool = False


class RuleSet(NamedTuple):
    """The enabled rules by what they apply to."""

    container: tuple[Rule, ...]
    workload: tuple[Rule, ...]
    image: tuple[Rule, ...]
    every_object: tuple[Rule, ...]
    by_kind: dict[str, tuple[Rule, ...]]
    file: tuple[Rule, ...]
    stream: tuple[Rule, ...]
    other: dict[type, tuple[Rule, ...]]


def rule_set(rules: Iterable[Rule]) -> RuleSet:
    """Sorts rules by what they apply to."""
    targets: dict[type, list[Rule]] = {}
    by_kind: dict[str, list[Rule]] = {}
    every_object: list[Rule] = []
    for rule in rules:
        for target in rule.applies_to if isinstance(rule.applies_to, tuple) else (rule.applies_to,):
            if target is not KubernetesObject:
                targets.setdefault(target, []).append(rule)
            elif not rule.kinds:
                every_object.append(rule)
            for kind in rule.kinds if target is KubernetesObject else ():
                by_kind.setdefault(kind, []).append(rule)
    known = {Container, Workload, NamedImage, SourceFile, Stream}
    return RuleSet(
        container=tuple(targets.get(Container, ())),
        workload=tuple(targets.get(Workload, ())),
        image=tuple(targets.get(NamedImage, ())),
        every_object=tuple(every_object),
        by_kind={kind: tuple(found) for kind, found in by_kind.items()},
        file=tuple(targets.get(SourceFile, ())),
        stream=tuple(targets.get(Stream, ())),
        other={target: tuple(found) for target, found in targets.items() if target not in known},
    )


class FileScan:
    """Turns the problems of one file into findings; counts lines only when there is something to report."""

    __slots__ = ("_context", "_file", "_lines")

    def __init__(self, file: SourceFile, context: RuleContext) -> None:
        self._file = file
        self._context = context._replace(path=file.path)
        self._lines: LineIndex | None = None

    def text(self, rules: RuleSet) -> Iterator[Detection]:
        """What the rules on raw text find."""
        for rule in rules.file:
            for problem in rule.check(self._file, self._context):
                yield self.detection(rule, problem)

    def stream(self, stream: Stream, rules: RuleSet) -> Iterator[Detection]:
        """What the rules on unreadable parts find."""
        if stream.problems:
            for rule in rules.stream:
                for problem in rule.check(stream, self._context):
                    yield self.detection(rule, problem)

    def other(self, value: object, rules: RuleSet) -> Iterator[Detection]:
        """What the rules on a value of another type (a Dockerfile) find."""
        for rule in rules.other.get(type(value), ()):
            for problem in rule.check(value, self._context):
                yield self.detection(rule, problem)

    def object(self, obj: KubernetesObject, rules: RuleSet) -> Iterator[Detection]:
        """What the rules find in one object."""
        for group in (rules.by_kind.get(obj.kind, ()), rules.every_object):
            for rule in group:
                for problem in rule.check(obj, self._context):
                    yield self.detection(rule, problem, obj)
        pods = workload(obj) if obj.kind in WORKLOAD_KINDS else None
        if pods is not None:
            yield from self._pods(pods, rules)

    def image(self, named: NamedImage, rules: RuleSet, obj: KubernetesObject | None) -> Iterator[Detection]:
        """What the rules find in an image that an object, or a file that is none, names."""
        for rule in rules.image:
            for problem in rule.check(named, self._context):
                yield self.detection(rule, problem, obj, named.container)

    def _pods(self, pods: Workload, rules: RuleSet) -> Iterator[Detection]:
        context, obj = self._context, pods.object
        for rule in rules.workload:
            for problem in rule.check(pods, context):
                yield self.detection(rule, problem, obj)
        for container in containers(pods):
            for rule in rules.container:
                for problem in rule.check(container, context):
                    yield self.detection(rule, problem, obj, container.name)

    def detection(
        self, rule: Rule, problem: Problem, obj: KubernetesObject | None = None, container: str = ""
    ) -> Detection:
        """The finding for a problem."""
        at = problem.at
        if isinstance(at, Subject):
            return _detection(rule, problem, at.place, at.identity, self._context)
        keypath = at.keypath
        place = self.place(keypath, at.span, 0 if obj is None else obj.document)
        identity = None if obj is None else obj.identity
        stable = stable_keypath(at, obj.field) if isinstance(at, Field) and obj is not None else format_keypath(keypath)
        root = () if obj is None else obj.field.keypath
        return _detection(rule, problem, place, identity, self._context, container, stable, root)

    def place(self, keypath: KeyPath, span: Span, document: int) -> Place:
        """A place in this file, with lines and columns."""
        if self._lines is None:
            self._lines = LineIndex(self._file.text)
        start, end = span
        while end > start and self._file.text[end - 1] in "\r\n":
            end -= 1
        position = self._lines.position
        return Place(self._file.path, document, keypath, Span(start, end), position(start), position(end))


def scan_yaml(file: SourceFile, stream: Stream, rules: RuleSet, context: RuleContext) -> list[Detection]:
    """What the rules on single files find in a YAML or JSON file."""
    scan = FileScan(file, context)
    found = [*scan.text(rules), *scan.stream(stream, rules)]
    for document in stream.documents:
        for obj in objects(document):
            found += scan.object(obj, rules)
            for named in named_images(obj):
                found += scan.image(named, rules, obj)
    return found


def scan_repository(value: object, rules: RuleSet, context: RuleContext, path: str | None = None) -> list[Detection]:
    """What the rules on the whole repository find, all of it or only what they find in one file.

    `value` is an `Inventory` or what else such rules apply to.
    """
    scan = FileScan(SourceFile("", ""), context)
    if path is None:
        return list(scan.other(value, rules))
    return [
        scan.detection(rule, problem)
        for rule in rules.other.get(type(value), ())
        for problem in rule.check(value, context)
        if isinstance(problem.at, Subject) and problem.at.place.path == path
    ]


def _detection(  # noqa: PLR0913, PLR0917 - one value is made of all of these
    rule: Rule,
    problem: Problem,
    place: Place,
    identity: ObjectIdentity | None,
    context: RuleContext,
    container: str = "",
    stable: str = "",
    root: KeyPath = (),
) -> Detection:
    resource = Resource() if identity is None else Resource(*identity, container=container)
    severity = context.settings.rule(rule.id).severity or problem.severity or rule.severity
    fix = problem.fix
    finding = Finding(
        rule_id=rule.id,
        rule_name=rule.name,
        severity=Severity(severity),
        message=problem.message,
        place=place,
        resource=resource,
        stem=_stem(rule, resource, stable or format_keypath(place.keypath), problem.about),
        fingerprint="",
        controls=rule.controls if problem.controls is None else problem.controls,
        fix=None if fix is None else FixOffer(fix.title, fix.safety, fix.note),
        masked=problem.masked,
        image=problem.image,
    )
    return Detection(finding, fix, place.document, root, problem.unless_probed)


def _stem(rule: Rule, resource: Resource, keypath: str, about: str) -> str:
    group = resource.api_version.rpartition("/")[0]
    stem = f"{rule.id}\0{group}\0{resource.kind}\0{resource.namespace}\0{resource.name}\0{keypath}"
    return f"{stem}\0{about}" if about else stem


def stable_keypath(field: Field, root: Field) -> str:
    """The keypath below an object in a form that survives reordering: list items by their name, others as `[]`."""
    parts: list[str] = []
    at: Field | None = field
    while at is not None and at.parent is not None and at is not root and at.node is not root.node:
        parts.append(_stable_key(at))
        at = at.parent
    return "".join(reversed(parts))


def _stable_key(field: Field) -> str:
    parent = field.parent
    if parent is None or parent.node.__class__ is not Sequence:
        return f".{field.key}"
    if isinstance(field.node, Mapping):
        name = field.node.entries.get("name")
        if name is not None and isinstance(name[1], Scalar):
            return f"[{name[1].text}]"
    return "[]"
