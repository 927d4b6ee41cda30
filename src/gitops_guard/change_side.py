"""One side of a change while it is looked at: what was found in its files, and what rules need to know of the rest."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from gitops_guard import pipeline
from gitops_guard.engine import Detection, rule_set
from gitops_guard.finding import Finding
from gitops_guard.fixing import ConnectionProof
from gitops_guard.images.builds import settled
from gitops_guard.inspection import Rules, inspect
from gitops_guard.model.inventory import Fact
from gitops_guard.model.used_image import UsedImage
from gitops_guard.report import Coverage
from gitops_guard.settings import Build
from gitops_guard.source_file import Skipped, SourceFile
from gitops_guard.suppression import Ignore, matches
from gitops_guard.text import LineIndex
from gitops_guard.workbench import Workbench

if TYPE_CHECKING:
    from gitops_guard.rendered_change import SideRoots


class ChangeSide:
    """One side of a change: what was found in its files, and the facts of all files that matter."""

    def __init__(self, rules: Rules, run: pipeline.Run) -> None:
        self.rules = rules
        self._nothing = Rules(rule_set(()), lambda: rule_set(()))
        self._run = run
        self.detections: list[Detection] = []
        self.facts: dict[str, tuple[Fact, ...]] = {}
        self.ignores: dict[str, tuple[Ignore, ...]] = {}
        self.images: list[UsedImage] = []
        self.builds: list[Build] = []
        self._images_beside: list[UsedImage] = []
        self.texts: dict[str, SourceFile] = {}
        self._lines: dict[str, LineIndex] = {}
        self.scanned: list[str] = []
        self.skipped: list[Skipped] = []
        self.failed: list[Skipped] = []
        self.plain: list[Detection] = []
        """What was found in files, rendered or not: what a file is compared with when a fix of it is proved."""
        self.only_masked: list[Detection] = []
        self.roots: SideRoots | None = None
        self.of_roots: list[Detection] = []
        self._before_roots: list[Detection] | None = None
        self._dropped = 0

    def look(self, file: SourceFile | Skipped | None) -> None:
        """Looks at a changed file."""
        if file is None:
            return
        if isinstance(file, Skipped):
            self.skipped.append(file)
            return
        if any(matches(file.path, pattern) for pattern in self._run.settings.exclude):
            self.skipped.append(Skipped(file.path, "excluded by the configuration"))
            return
        seen = inspect(file, self.rules, self._run.context)
        self.texts[file.path] = file
        self.detections += seen.detections
        self.images += seen.images
        self.builds += seen.builds
        self._remember(file.path, seen.facts, seen.ignores)
        if seen.skipped is not None:
            self.skipped.append(seen.skipped)
        elif seen.failed is not None:
            self.failed.append(seen.failed)
        else:
            self.scanned.append(file.path)

    def consider(self, file: SourceFile) -> None:
        """Takes the facts of an unchanged file."""
        seen = inspect(file, self._nothing, self._run.context)
        self._images_beside += seen.images
        self.texts[file.path] = file
        self._remember(file.path, seen.facts, seen.ignores)

    def judge_whole(self) -> None:
        """Adds what the rules on the whole repository find, and takes away what other files answer."""
        every, builds = (*self.images, *self._images_beside), (*self.builds, *self._run.settings.builds)
        of_whole = pipeline.whole(self.all_facts(), self.rules, self._run)
        of_files = self.detections if self._before_roots is None else self._before_roots
        self.plain = [*settled(of_files, every, builds), *of_whole]
        if self.roots is None:
            self.detections = self.plain
        else:
            self.detections = settled(self.detections, every, builds)
            self.judge_roots(self.roots)

    def judge_roots(self, roots: "SideRoots") -> None:
        """Finds out what the rules on the whole repository find with the rendered roots."""
        self.roots = roots
        self.of_roots = pipeline.whole(roots.facts(self.facts), self.rules, self._run)

    def take_roots(self, roots: "SideRoots", elsewhere: set[str]) -> None:
        """Adds what was found in the rendered roots that the change reaches.

        Args:
            roots: the roots.
            elsewhere: the stems of what was found in the files of the other side.
        """
        self.roots = roots
        self._before_roots = self.detections
        together, self._dropped = roots.merged(self.detections, elsewhere, self._run.settings)
        self.detections = list(together)

    def read_sources(self, read: Callable[[str], SourceFile | Skipped | None]) -> None:
        """Reads the unchanged files that rendered roots lead to: for excerpts, what they ignore, and their secrets."""
        if self.roots is None:
            return
        self.ignores |= self.roots.ignores(self.detections, self.ignores)
        for path in {d.finding.place.path for d in self.detections if d.finding.origin != "file"} - self.texts.keys():
            file = read(path)
            if isinstance(file, SourceFile):
                self.texts[path] = file
                self.only_masked += inspect(file, self.rules, self._run.context).detections

    @property
    def coverage(self) -> Coverage:
        """What was looked at, with the roots."""
        coverage = Coverage(tuple(self.scanned), tuple(self.skipped), tuple(self.failed))
        return coverage if self.roots is None else self.roots.coverage(coverage, self._dropped)

    def all_facts(self) -> Iterator[Fact]:
        """The facts of all files."""
        for facts in self.facts.values():
            yield from facts

    def workbench(self, connections: ConnectionProof | None = None) -> Workbench:
        """Where fixes of this side are tried."""
        return Workbench(self.rules, self._run.context, self.facts, connections)

    def evidence(self, finding: Finding) -> str:
        """The lines of a finding."""
        file = self.texts.get(finding.place.path)
        if file is None:
            return ""
        lines = self._lines.get(file.path) or self._lines.setdefault(file.path, LineIndex(file.text))
        first, last = finding.place.start.line, finding.place.end.line
        return " ".join(file.text[lines.line_start(first) : lines.line_start(last + 1)].split())

    def _remember(self, path: str, facts: tuple[Fact, ...], ignores: tuple[Ignore, ...]) -> None:
        if facts:
            self.facts[path] = facts
        if ignores:
            self.ignores[path] = ignores
