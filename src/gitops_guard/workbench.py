"""Where fixes are tried: the rules, the facts of the other files and the schema, bound together for proofs."""

from collections.abc import Iterable
from typing import NamedTuple

from gitops_guard.engine import Detection, scan_repository
from gitops_guard.fixing import Bench, ConnectionProof, stems_of
from gitops_guard.inspection import Inspection, Rules, inspect
from gitops_guard.model.inventory import BindingFact, Fact, Inventory, inventory
from gitops_guard.rule import RuleContext
from gitops_guard.source_file import SourceFile
from gitops_guard.syntax.nodes import Data
from gitops_guard.verify import SchemaVerdict, Stems


class Workbench(NamedTuple):
    """The rules of a run and the facts of all files, by path."""

    rules: Rules
    context: RuleContext
    facts: dict[str, tuple[Fact, ...]]
    connections: ConnectionProof | None = None

    def detections(self, file: SourceFile) -> tuple[Inspection, list[Detection]]:
        """What is wrong with a text of a file, in itself and together with the other files."""
        seen = inspect(file, self.rules, self.context)
        return seen, [*seen.detections, *self._together(file.path, seen.facts)]

    def bench(self, detections: Iterable[Detection]) -> Bench:
        """What proofs of fixes of a file need, given all that was found in it."""
        secrets = tuple(span for detection in detections for span in detection.finding.masked)
        return Bench(self._stems, self.validate, secrets, self.connections)

    def bench_of(self, file: SourceFile) -> Bench:
        """What proofs of fixes of a file need, given its text."""
        return self.bench(self.detections(file)[1])

    def _stems(self, file: SourceFile) -> Stems:
        return stems_of(self.detections(file)[1])

    def _together(self, path: str, own: tuple[Fact, ...]) -> list[Detection]:
        """What rules on the whole repository find in this file, given the facts of the others in its scopes."""
        if not own or Inventory not in self.rules.manifest.other:
            return []
        scopes = {fact.scope for fact in own}
        others = (
            fact
            for other, facts in self.facts.items()
            if other != path
            for fact in facts
            if fact.scope in scopes or isinstance(fact, BindingFact)
        )
        return scan_repository(inventory((*own, *others)), self.rules.manifest, self.context, path)

    def validate(self, value: dict[str, Data]) -> SchemaVerdict:
        """Judges an object by the schema of the configured Kubernetes version."""
        from gitops_guard.schema import validate  # noqa: PLC0415 - only proofs need it

        verdict = validate(value, self.context.settings.kubernetes_version)
        if verdict.state == "valid":
            return SchemaVerdict()
        if verdict.state == "unknown":
            return SchemaVerdict(not_judged=verdict.reason)
        return SchemaVerdict(error="; ".join(verdict.messages))
