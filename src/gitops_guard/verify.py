"""Proves a fix or rejects it: what is not proved is not offered. Pure.

A proof of a YAML edit: our parser reads the result as exactly the claimed data, a second parser that shares no code
with ours agrees with it, the object is valid against the Kubernetes schema, and the rules find the problem gone and no
new one. Bytes outside the edits are the same by construction: edits are spans of the text, nothing is emitted anew.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gitops_guard.editing.claim import ImpossibleIntentError, expected, same_data
from gitops_guard.editing.intent import AppendDocument, AppendItem, DeleteKey, EditText, Intent, SetValue
from gitops_guard.editing.second_parser import Unreadable, our_tree, ruamel_tree
from gitops_guard.editing.yaml import Refused, apply
from gitops_guard.source_file import SourceFile
from gitops_guard.syntax.field import KeyPath, format_keypath
from gitops_guard.syntax.nodes import Data, data
from gitops_guard.syntax.yaml import parse
from gitops_guard.text import apply_edits

Stems = Counter[str]
Rescan = Callable[[SourceFile], Stems]
"""Gives the stems of all problems that a text of a file has."""


class SchemaVerdict(NamedTuple):
    """What the Kubernetes schema says of an object: `error` is empty if it is valid, or not judged (then why)."""

    error: str = ""
    not_judged: str = ""


Validate = Callable[[dict[str, Data]], SchemaVerdict]


class Proved(NamedTuple):
    """A text that may be offered, and the proof in sentences."""

    after: str
    proof: tuple[str, ...]


class Rejected(NamedTuple):
    """Why a fix is not offered."""

    reason: str


class Claim(NamedTuple):
    """What a fix claims: these intents on one object of a file make these problems go away."""

    document: int
    root: KeyPath
    intents: tuple[Intent, ...]
    stems: tuple[str, ...]


class _RejectedError(Exception):
    pass


def prove(file: SourceFile, claim: Claim, before: Stems, rescan: Rescan, validate: Validate) -> Proved | Rejected:
    """Applies a claim to a file and proves the result.

    Args:
        file: the file before.
        claim: what to do and what it solves.
        before: the stems of all problems of the file as it is.
        rescan: finds those of another text.
        validate: judges an object by the schema.
    """
    try:
        if any(isinstance(intent, EditText) for intent in claim.intents):
            after, proof = _edited_text(file, claim.intents)
        else:
            after, proof = _edited_yaml(file, claim, validate)
        proof += (_solved(file, after, claim, before, rescan),)
    except _RejectedError as error:
        return Rejected(str(error))
    return Proved(after, proof)


def _edited_yaml(file: SourceFile, claim: Claim, validate: Validate) -> tuple[str, tuple[str, ...]]:
    edited = apply(file.text, claim.document, claim.intents)
    if isinstance(edited, Refused):
        raise _RejectedError(edited.reason)
    after = edited.text
    if after == file.text:
        raise _RejectedError("the edit changes nothing")
    _as_claimed(file.text, after, claim)
    _second_opinion(after)
    changed = ", ".join(dict.fromkeys(describe(intent, claim.root) for intent in claim.intents))
    proof = [f"two independent parsers read the result alike; only {changed} changes"]
    proof.append(_valid(file.text, after, claim, validate))
    return after, tuple(proof)


def _as_claimed(before: str, after: str, claim: Claim) -> None:
    documents = [data(document.root) for document in parse(before).documents]
    try:
        wanted = expected(documents, claim.document, claim.intents)
    except ImpossibleIntentError as error:
        raise _RejectedError(str(error)) from None
    found = [data(document.root) for document in parse(after).documents]
    if len(found) != len(wanted) or not all(map(same_data, found, wanted)):
        raise _RejectedError("the edited text does not say what the fix claims")


def _second_opinion(after: str) -> None:
    ours, theirs = our_tree(after), ruamel_tree(after)
    if isinstance(ours, Unreadable):
        raise _RejectedError(f"the file is not readable in full: {ours.reason}")
    if isinstance(theirs, Unreadable):
        raise _RejectedError(f"a second parser does not read the file: {theirs.reason}")
    if ours != theirs:
        raise _RejectedError("two parsers read the result differently")


def _valid(before: str, after: str, claim: Claim, validate: Validate) -> str:
    if all(isinstance(intent, AppendDocument) for intent in claim.intents):
        added = parse(after).documents[-1]
        return _judged(validate(_mapping(data(added.root))), "the new object")
    was, now = _object(before, claim), _object(after, claim)
    verdict = validate(now)
    if verdict.error and validate(was).error:
        raise _RejectedError(f"the object was not valid before: {validate(was).error}")
    return _judged(verdict, "the object")


def _judged(verdict: SchemaVerdict, what: str) -> str:
    if verdict.error:
        raise _RejectedError(f"{what} would not be valid: {verdict.error}")
    if verdict.not_judged:
        return f"{what} was not checked against a schema: {verdict.not_judged}"
    return f"{what} is valid against the Kubernetes schema"


def _object(text: str, claim: Claim) -> dict[str, Data]:
    documents = [document for document in parse(text).documents if document.number == claim.document]
    if not documents:
        raise _RejectedError("the document is gone")
    value: Data = data(documents[0].root)
    for key in claim.root:
        value = value[key]  # type: ignore[index]
    return _mapping(value)


def _mapping(value: Data) -> dict[str, Data]:
    if not isinstance(value, dict):
        raise _RejectedError("the object is no mapping any more")
    return value


def _edited_text(file: SourceFile, intents: Sequence[Intent]) -> tuple[str, tuple[str, ...]]:
    edits = [edit for intent in intents if isinstance(intent, EditText) for edit in intent.edits]
    try:
        after = apply_edits(file.text, set(edits))
    except ValueError:
        raise _RejectedError("another fix of the same lines comes first: run it again after that") from None
    if after == file.text:
        raise _RejectedError("the edit changes nothing")
    from gitops_guard.syntax.dockerfile import DockerfileError  # noqa: PLC0415 - only for Dockerfiles
    from gitops_guard.syntax.dockerfile import parse as parse_dockerfile  # noqa: PLC0415

    try:
        was, now = parse_dockerfile(file.text), parse_dockerfile(after)
    except DockerfileError as error:
        raise _RejectedError(f"the edited Dockerfile is not valid: {error.message}") from None
    kept = Counter(one.source for one in was.instructions) & Counter(one.source for one in now.instructions)
    changed = max(len(was.instructions), len(now.instructions)) - kept.total()
    if changed > len(edits):
        raise _RejectedError("more instructions change than the fix claims")
    noun = "instruction changes" if changed == 1 else "instructions change"
    return after, (f"BuildKit's parser reads the result; {changed} {noun}, all others keep their bytes",)


def _solved(file: SourceFile, after: str, claim: Claim, before: Stems, rescan: Rescan) -> str:
    found = rescan(file._replace(text=after))
    wanted = Counter(claim.stems)
    for stem, number in wanted.items():
        if found[stem] > before[stem] - number:
            raise _RejectedError("the problem would still be there")
    added = found - before
    if added:
        rule = next(iter(added)).partition("\0")[0]
        raise _RejectedError(f"it would cause a new problem ({rule})")
    gone = "the problem is" if wanted.total() == 1 else f"the {wanted.total()} problems are"
    return f"{gone} gone, no new one appears"


def describe(intent: Intent, root: KeyPath) -> str:
    """What an intent changes, in the words of a proof."""
    if isinstance(intent, SetValue | DeleteKey | AppendItem):
        return f"`{format_keypath(intent.path[len(root) :])}`"
    return "one document at the end of the file" if isinstance(intent, AppendDocument) else "the file"
