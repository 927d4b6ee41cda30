"""The rule contract. This module knows no concrete rule.

A rule is one value: a pure generator and its metadata, examples and mapping. Tests, documentation, `explain`, SARIF
descriptors and the compliance matrix are all derived from it.
"""

import sys
from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from gitops_guard.editing.intent import Intent
from gitops_guard.facts.known import NOTHING_KNOWN, KnownImages
from gitops_guard.finding import DISPLAY_ONLY, NEEDS_REVIEW, SAFE, Place, Severity
from gitops_guard.model.kubernetes_object import ObjectIdentity
from gitops_guard.settings import Settings
from gitops_guard.syntax.field import Field, KeyPath
from gitops_guard.text import Span

if TYPE_CHECKING:
    from gitops_guard.facts.image import ImageFacts


class Spot(NamedTuple):
    """A place in the file at hand that is no YAML field: a Dockerfile instruction, a line of text.

    `keypath` must stay the same when the file is moved, re-indented or reordered, and never holds secret text.
    """

    keypath: KeyPath
    span: Span


class Subject(NamedTuple):
    """An object that a repository rule speaks of after its file is forgotten."""

    place: Place
    identity: ObjectIdentity


class Fix(NamedTuple):
    """What would solve a problem: intents of one document, or of the whole file.

    `title` completes "gitops-guard can ..."; `note` says what may change for the application, or what a person must do.
    """

    title: str
    safety: str
    intents: tuple[Intent, ...]
    note: str = ""


def safe(title: str, *intents: Intent, note: str = "") -> Fix:
    """A fix that cannot change what a correct application sees."""
    return Fix(title, SAFE, intents, note)


def needs_review(title: str, *intents: Intent, note: str) -> Fix:
    """A fix that may change behaviour; `note` says how."""
    return Fix(title, NEEDS_REVIEW, intents, note)


def display_only(title: str, *intents: Intent, note: str) -> Fix:
    """A patch to read, never a button to press: its effect depends on the application."""
    return Fix(title, DISPLAY_ONLY, intents, note)


class Problem(NamedTuple):
    """What a rule found. `controls` and `severity` default to the rule's.

    `masked` are spans of secret text: no publisher shows them. `image` is the normal form of the image that a problem
    of nothing but the image is about: such problems of one image are reported together. `about` tells problems at one
    place apart that must not be taken for the same one when a change replaces it by another. `unless_probed`: it is
    none where a workload that is known to run the image of this Dockerfile probes it.
    """

    at: Field | Spot | Subject
    message: str
    fix: Fix | None = None
    controls: tuple[str, ...] | None = None
    severity: Severity | None = None
    masked: tuple[Span, ...] = ()
    image: str = ""
    about: str = ""
    unless_probed: bool = False


class RuleContext(NamedTuple):
    """What a rule may know besides the text: no clock, no network, no environment.

    `dockerignore` is the text that narrows a Dockerfile's build context, empty if there is none, None if not known.
    `images` is what registries and scanners were found to know. `find_repository` gives `host/owner/name` of the
    repository that is scanned, empty if that is not known: few rules ask.
    """

    settings: Settings
    today: date
    path: str = ""
    dockerignore: str | None = None
    images: KnownImages = NOTHING_KNOWN
    find_repository: Callable[[], str] = str

    @property
    def repository(self) -> str:
        """`host/owner/name` of the repository that is scanned; empty if that is not known."""
        return self.find_repository()

    @property
    def minor(self) -> int:
        """The minor version of the target Kubernetes 1.N."""
        return int(self.settings.kubernetes_version.partition(".")[2])


class Example(NamedTuple):
    """A text that a rule judges.

    `at` is the keypath of the finding in the reported form (`spec.containers[0].image`), or several; `fixed` the
    exact text after the rule's fix. `settings` is the text of a `.gitops-guard.yaml`, `beside` further files of the
    repository, `known` gives what registries and scanners say, when a test asks for it. `before` is the text that a
    change replaces by this one, for rules on changes. `repository` is where it lies, as in `RuleContext`.
    """

    text: str
    at: str | tuple[str, ...] = ()
    fixed: str | None = None
    path: str = "manifest.yaml"
    settings: str = ""
    beside: tuple[tuple[str, str], ...] = ()
    known: "Callable[[], tuple[ImageFacts, ...]]" = tuple
    before: str | None = None
    repository: str = ""


class Rule(NamedTuple):
    """A rule.

    `name` completes "allow ..." and is the module's name with hyphens (or, in a module of several, names one of them).
    `applies_to` is what `check` takes first: `Container`, `Workload`, `NamedImage`, `KubernetesObject` (of the given
    `kinds`), `Dockerfile`, `SourceFile`, `Stream` or `Inventory`, or any of several of these; its second argument is
    the `RuleContext`. `aliases` are the ids of the same check in other tools. `controls` are `framework:id`.
    """

    id: str
    name: str
    title: str
    severity: Severity
    applies_to: type | tuple[type, ...]
    check: "Callable[..., Iterator[Problem]]"
    aliases: tuple[str, ...]
    controls: tuple[str, ...]
    bad: tuple[Example, ...]
    good: tuple[Example, ...]
    kinds: tuple[str, ...] = ()
    fix_safety: str | None = None
    page: str = ""

    @property
    def family(self) -> str:
        """The family's three letters: the middle of the id."""
        return self.id.split("-")[1]

    @property
    def documentation(self) -> str:
        """The rule's page in Markdown: its own, or its module's docstring."""
        return self.page or sys.modules[self.check.__module__].__doc__ or ""
