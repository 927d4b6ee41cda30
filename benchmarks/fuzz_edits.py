"""Random edits of real manifests: an edited file must hold exactly what its intents claim, and little else may change.

fuzz_edits.py ROOT [-n EDITS] [--seed SEED]
"""

import argparse
import collections
import os
import pathlib
import random
import sys
import time

from gitops_guard.editing.claim import expected, same_data
from gitops_guard.editing.diff import unified_diff
from gitops_guard.editing.intent import AppendDocument, AppendItem, DeleteKey, Intent, SetValue
from gitops_guard.editing.second_parser import Unreadable, our_tree, ruamel_tree
from gitops_guard.editing.yaml import Refused, apply
from gitops_guard.source_file import SourceFile, decode
from gitops_guard.syntax.field import KeyPath
from gitops_guard.syntax.nodes import Data, Mapping, Node, Sequence, data, resolved
from gitops_guard.syntax.yaml import Stream, parse

SCALARS: tuple[Data, ...] = (
    True, False, None, 0, 1, -7, 440, 1.5, "", "yes", "y", "0400", "1e3", "null", "~", "2026-01-02", "12:30:45", "a: b",
    "a #b", "#c", "- d", "-e", "*f", "&g", "!h", "%i", "@j", "`k", " l", "m ", "n:", ":o", "?p", "q, r", "[s]", "{t}",
    "it's", 'say "u"', "tab\there", "line\nbreak", "line\nbreak\n", "line\n\n  indented\n\nend", "\nstart", "end\n\n",
    "  first\nsecond", "umlaut ä", "emoji \U0001f600", "bell \x07", "nel \x85", "ls \u2028", "...", "---",
    "nginx:1.25@sha256:0123", "back\\slash", "10.0.0.0/8", "=", "<<", "{{ x }}", "a" * 200, "\ufeff",
    "trail \nspace", "cr\r\nlf\n",
)  # fmt: skip
KEYS = ("zzz", "a/b.c", "yes", "1", "defaultMode", "with space", "x: y", "#k", "-k", "é", "null", "a,b", "")
COLLECTIONS: tuple[Data, ...] = (
    {}, [], {"drop": ["ALL"]}, {"privileged": False, "capabilities": {"drop": ["ALL"], "add": []}}, ["a"],
    [1, "1", None],
    [{"name": "x", "value": "y"}, {"name": "z", "valueFrom": {"fieldRef": {"fieldPath": "a.b"}}}], [["a", "b"], ["c"]],
    {"k": "text\nof lines\n"}, [{"k": "text\nof lines"}, "more\nlines\n"], {"defaultMode": 0o440},
)  # fmt: skip
SIZE_LIMIT = 40_000
MARGIN = 2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root")
    parser.add_argument("-n", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)  # noqa: S311 - reproducible, not secret
    files = sorted(manifests(options.root))
    counts: collections.Counter[str] = collections.Counter()
    reasons: collections.Counter[str] = collections.Counter()
    spent = 0.0
    started = time.perf_counter()
    while counts["edits"] < options.n and files:
        file = chance.choice(files)
        source = readable(file)
        if source is None:
            files.remove(file)
            continue
        text, stream, second_reads = source
        document = chance.choice(stream.documents)
        intents = random_intents(chance, document.root)
        counts["edits"] += 1
        before = time.process_time()
        result = apply(text, document.number, intents)
        spent += time.process_time() - before
        kind = type(intents[0]).__name__ if len(intents) == 1 else "several"
        if isinstance(result, Refused):
            counts[f"refused {kind}"] += 1
            reasons[" ".join(word for word in result.reason.split() if not any(c in ".[0123456789" for c in word))] += 1
            continue
        wrong = fault(text, stream, document.number, intents, result.text, second_reads=second_reads)
        counts[f"{'wrong' if wrong else 'ok'} {kind}"] += 1
        if wrong:
            print(f"WRONG {file}: {wrong}\n  {[(type(i).__name__, *i) for i in intents]}")
            print(unified_diff(file, text, result.text)[:2000])
    for name in sorted(counts):
        print(f"{counts[name]:7} {name}")
    for reason, count in reasons.most_common(15):
        print(f"{count:7} refused: {reason}")
    print(
        f"{1000 * spent / max(counts['edits'], 1):.2f} ms of CPU per edit, {time.perf_counter() - started:.0f} s in all"
    )
    return 1 if any(name.startswith("wrong") for name in counts) else 0


def manifests(root: str) -> list[str]:
    return [
        f"{folder}/{name}"
        for folder, _, names in os.walk(root)
        for name in names
        if name.endswith((".yaml", ".yml", ".json"))
    ]


def readable(path: str) -> tuple[str, Stream, bool] | None:
    source = decode(path, pathlib.Path(path).read_bytes())
    if not isinstance(source, SourceFile) or len(source.text) > SIZE_LIMIT:
        return None
    stream = parse(source.text)
    if not stream.documents or any(problem.kind != "duplicate-key" for problem in stream.problems):
        return None
    return source.text, stream, not isinstance(ruamel_tree(source.text), Unreadable)


def random_intents(chance: random.Random, root: Node) -> list[Intent]:
    places = list(paths(root, ()))
    how_many = chance.choice((1, 1, 1, 1, 2, 3))
    return [random_intent(chance, *chance.choice(places)) for _ in range(how_many)]


def paths(node: Node, path: KeyPath) -> list[tuple[KeyPath, Node]]:
    found = [(path, node)]
    target = resolved(node)
    if isinstance(target, Mapping):
        for key, (_, value) in target.entries.items():
            found += paths(value, (*path, key))
    elif isinstance(target, Sequence):
        for index, value in enumerate(target.items):
            found += paths(value, (*path, index))
    return found


def random_intent(chance: random.Random, path: KeyPath, node: Node) -> Intent:  # noqa: PLR0911 - one return per kind
    value = chance.choice(SCALARS if chance.random() < 0.6 else COLLECTIONS)  # noqa: PLR2004 - a share
    key = chance.choice(KEYS)
    target = resolved(node)
    dice = chance.random()
    if dice < 0.02:  # noqa: PLR2004 - a share
        return AppendDocument("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: x\n")
    if dice < 0.3 and path:  # noqa: PLR2004 - a share
        return DeleteKey(path)
    if dice < 0.5 and path:  # noqa: PLR2004 - a share
        return SetValue(path, value)
    if isinstance(target, Mapping):
        tail = chance.choice(((key,), (key,), (key, "inner"), (key, 0), (key, 0, "deep", "deeper")))
        if dice < 0.6:  # noqa: PLR2004 - a share
            return AppendItem((*path, *tail), value)
        return SetValue((*path, *tail), value)
    if isinstance(target, Sequence):
        return AppendItem(path, value)
    return SetValue(path, value) if path else AppendItem(("zzz",), value)


def fault(  # noqa: PLR0913 - what was, what was wanted, and what came of it
    text: str, stream: Stream, number: int, intents: list[Intent], after: str, *, second_reads: bool
) -> str:
    """What is wrong with the edited text, or nothing."""
    again = parse(after)
    if any(problem.kind != "duplicate-key" for problem in again.problems):
        return f"not readable: {again.problems[0].message}"
    claimed = expected([data(document.root) for document in stream.documents], number, intents)
    found = [data(document.root) for document in again.documents]
    if not same_data(list(found), list(claimed)):
        return "the data is not what was claimed"
    if second_reads:
        second, ours = ruamel_tree(after), our_tree(after)
        if second != ours:
            return f"the second parser reads something else: {second if isinstance(second, Unreadable) else ''}"
    return lost(text, after, intents, stream, number)


def lost(text: str, after: str, intents: list[Intent], stream: Stream, number: int) -> str:
    """Whether more changed than the places of the intents and their neighbouring lines."""
    if ("\r\n" in text) != ("\r\n" in after) and "\n" in text:
        return "the line ends changed"
    if len(intents) != 1:
        return ""
    changed = [line for line in unified_diff("x", text, after).split("\n") if line[:1] in "+-"][2:]
    added = "\n".join(line[1:] for line in changed if line[:1] == "+")
    gone = [line[1:].strip() for line in changed if line[:1] == "-"]
    if isinstance(intents[0], AppendItem):
        comments = [line[line.find("#") :] for line in gone if line.find(" #") > 0 or line[:1] == "#"]
        if any(comment not in added for comment in comments):
            return "a comment is gone"
    own = own_lines(text, intents[0], stream, number)
    touched = sum(1 for line in gone if line and line[0] != "#")
    return f"{touched} lines were touched, the place has {own}" if touched > own + MARGIN else ""


def own_lines(text: str, intent: Intent, stream: Stream, number: int) -> int:
    if not isinstance(intent, DeleteKey | SetValue | AppendItem):
        return 0
    documents = [data(document.root) for document in stream.documents]
    root = next(document.root for document in stream.documents if document.number == number)
    path = intent.path
    if isinstance(intent, DeleteKey):
        path = remaining(documents[number], path)
    node: Node = root
    for key in path:
        target = resolved(node)
        if isinstance(target, Mapping) and key in target.entries:
            node = target.entries[str(key)][1]
        elif isinstance(target, Sequence) and isinstance(key, int) and key < len(target.items):
            node = target.items[key]
        else:
            return 1
    if isinstance(intent, AppendItem):
        return 1
    return text.count("\n", node.start, node.end) + 1


def remaining(root: Data, path: KeyPath) -> KeyPath:
    node, deleted = root, path
    for depth, key in enumerate(path):
        if isinstance(node, dict | list) and len(node) > 1:
            deleted = path[: depth + 1]
        if isinstance(node, dict):
            node = node[str(key)]
        elif isinstance(node, list) and isinstance(key, int):
            node = node[key]
    return deleted


if __name__ == "__main__":
    sys.exit(main())
