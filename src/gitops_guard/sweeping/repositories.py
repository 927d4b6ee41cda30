"""`sweep --repos`: several repositories, one at a time, each in a process of its own and within its limits."""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any

from gitops_guard.checking import write
from gitops_guard.errors import CLEAN, FINDINGS, INCOMPLETE, PublishError, SourceError, UsageError
from gitops_guard.finding import WAIVED, Severity
from gitops_guard.github.place import Place, read_place
from gitops_guard.options import level
from gitops_guard.publishers import post_tracking_issue as post
from gitops_guard.publishers.escape import printable_unicode
from gitops_guard.publishers.tracking_repositories import SweptRepository, compose, repository_of
from gitops_guard.runner import MARKER
from gitops_guard.sharding.plan import parse_shard
from gitops_guard.sources.clones import CloneLimits, clone
from gitops_guard.sources.git import current_commit
from gitops_guard.sweeping.repository_shards import Part, Result, joined, number_of, read, render
from gitops_guard.sweeping.state_branch import Remote, keep
from gitops_guard.tracking.state import EMPTY, Seen, State, Sweep, open_numbers, updated

TITLE = "gitops-guard: sweep of several repositories"
FILE = "repositories.json"
SECONDS = 900
"""Of the scan of one repository."""

_MOST = 5_000
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")
_LIST_LIMIT = 1024 * 1024
_REPORT_LIMIT = 512 * 1024 * 1024
_KEPT_BACK = frozenset(
    ("GITHUB_TOKEN", "INPUT_GITHUB-TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_RUNTIME_TOKEN", MARKER)
)
"""Variables that a scan does not get: secrets, and the word that would let it write on the job's page."""


def sweep_repositories(arguments: argparse.Namespace, environment: Mapping[str, str], today: date) -> int:
    """Sweeps, reports, and publishes where that was asked for; returns the exit code: 3 where one was not swept."""
    _check(arguments, ("upload_sarif", "paths", "report", "rule"))
    shard = None if arguments.shard is None else parse_shard(arguments.shard)
    place = read_place(environment) if arguments.publish or not os.path.isfile(arguments.repos) else None  # noqa: PTH113
    names = _names(arguments.repos, place)
    own = [name for name in names if shard is None or number_of(name, shard.total) == shard.number]
    results = []
    for number, name in enumerate(own, 1):
        result = _swept(name, arguments, environment)
        trouble = f": {printable_unicode(result.repository.trouble)}" if result.repository.trouble else ""
        _say(f"{number} of {len(own)}: {name}: {len(result.seen):,} problems{trouble}")
        results.append(result)
    if shard is None:
        return _deliver(arguments, place, results, today)
    target = arguments.output or f"gitops-guard-{shard.number}-of-{shard.total}.shard"
    write(render(Part(shard, tuple(names), tuple(results))), target)
    return CLEAN


def merge_repositories(arguments: argparse.Namespace, environment: Mapping[str, str], today: date) -> int:
    """Joins the parts of a sweep of several repositories, as `sweep_repositories` would have swept all of them."""
    _check(arguments, ("upload_sarif", "report"))
    results = joined([read(path) for path in arguments.shards])
    return _deliver(arguments, read_place(environment) if arguments.publish else None, results, today)


def _check(arguments: argparse.Namespace, without: Sequence[str]) -> None:
    for name in without:
        if getattr(arguments, name):
            raise UsageError(f"--{name.replace('_', '-')} does not go together with several repositories")
    if arguments.format not in {"console", "json"}:
        raise UsageError(f"--format {arguments.format} is none for several repositories", hint="console or json")
    if getattr(arguments, "shard", None) and (arguments.publish or arguments.dry_run):
        raise UsageError("a shard publishes nothing", hint="gitops-guard merge does")


def _deliver(arguments: argparse.Namespace, place: Place | None, results: Sequence[Result], today: date) -> int:
    if arguments.publish:
        if place is None or not place.token:
            raise UsageError("no token", hint="set GITHUB_TOKEN, or leave --publish out")
        _say(_publish(results, place, today))
    write(_as_json(results) if arguments.format == "json" else _as_text(results), arguments.output)
    if arguments.dry_run:
        text = compose([one.repository for one in results], _updated(EMPTY, results, today), today)
        write("\n".join([text.head(()), *text.parts]), None)
    return _exit_code(results, arguments.fail_level)


def _names(word: str, place: Place | None) -> list[str]:
    if os.path.isfile(word):  # noqa: PTH113
        return _listed(word)
    if place is None or re.fullmatch(r"[A-Za-z0-9-]{1,39}", word) is None:
        raise UsageError(f"--repos {word}: no such file, and no name of an organisation")
    return _of_organisation(word, place)


def _listed(path: str) -> list[str]:
    """The repositories that a file names, one a line: `owner/name`, an address, or a folder."""
    with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
        lines = [line.strip() for line in file.read(_LIST_LIMIT).split("\n")]
    found = list(dict.fromkeys(line for line in lines if line and not line.startswith("#")))
    for name in found:
        if not (
            _NAME.fullmatch(name) or re.fullmatch(r"(https?|file)://[^\s@?#]+", name) or re.fullmatch(r"/\S+", name)
        ):
            raise UsageError(f"{name!r} is no repository", path=path, hint="owner/name, an address, or /a/folder")
    return found[:_MOST]


def _of_organisation(organisation: str, place: Place) -> list[str]:
    transport = place.transport()
    found: list[str] = []
    for page in range(1, _MOST // 100 + 1):
        values = transport.call("GET", f"/orgs/{organisation}/repos?per_page=100&page={page}")
        if not isinstance(values, list):
            raise PublishError("GitHub's answer is no list of repositories")
        found += [
            str(value["full_name"])
            for value in values
            if not (value.get("archived") or value.get("disabled")) and _NAME.fullmatch(str(value.get("full_name")))
        ]
        if len(values) < 100:  # noqa: PLR2004 - a page
            return sorted(found)
    _say(f"only the first {len(found):,} repositories of {organisation} are swept")
    return sorted(found)


def _swept(name: str, arguments: argparse.Namespace, environment: Mapping[str, str]) -> Result:
    server = (environment.get("GITHUB_SERVER_URL") or "https://github.com").rstrip("/")
    url = f"{server}/{name}" if _NAME.fullmatch(name) else name if "://" in name else f"file://{name}"
    token = (environment.get("INPUT_GITHUB-TOKEN") or environment.get("GITHUB_TOKEN", "")).strip()
    # The token is for one server: another one that a list names must not see it.
    remote = Remote(url, token if url.startswith(server + "/") else "")
    about = SweptRepository(name, url)
    with tempfile.TemporaryDirectory(prefix="gitops-guard-") as folder:
        tree = os.path.join(folder, "tree")  # noqa: PTH118
        try:
            clone(url, tree, remote.environment(environment), CloneLimits())
            return _looked_at(about, tree, _scanned(tree, folder, arguments, environment))
        except SourceError as error:
            return Result(about._replace(trouble=error.message))
        except (KeyError, TypeError, ValueError, IndexError):
            return Result(about._replace(trouble="the report of the scan cannot be read"))


def _looked_at(about: SweptRepository, tree: str, report: Any) -> Result:  # noqa: ANN401 - JSON
    failed = report["coverage"]["failed"]
    trouble = ""
    if failed:
        first = f"{failed[0]['path']}: {failed[0]['reason']}"
        trouble = f"{len(failed):,} files could not be read, the first is {first}"
    commit = current_commit(tree)
    if not commit:
        # Nothing in it would look like everything fixed.
        trouble = "it has no commit on its default branch"
    return Result(about._replace(commit=commit, trouble=trouble), tuple(_seen(about.name, report)))


def _scanned(tree: str, folder: str, arguments: argparse.Namespace, environment: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    report = os.path.join(folder, "report.json")  # noqa: PTH118
    options = ["--offline"] if arguments.offline else []
    if arguments.config:
        options.append(f"--config={os.path.abspath(arguments.config)}")  # noqa: PTH100
    # -P: `json.py` of the repository, which is the working folder, is never imported.
    command = [sys.executable, "-P", "-m", "gitops_guard", "sweep", "--format=json", f"--output={report}", *options]
    kept = {name: value for name, value in environment.items() if name not in _KEPT_BACK} | _module_path(environment)
    try:
        done = subprocess.run(command, cwd=tree, env=kept, capture_output=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise SourceError(f"the scan took longer than {SECONDS} s") from None
    if done.returncode not in {CLEAN, FINDINGS, INCOMPLETE} or not os.path.exists(report):  # noqa: PTH110
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no message"]
        raise SourceError(f"the scan failed: {lines[0].removeprefix('gitops-guard: ')[:500]}")
    if os.path.getsize(report) > _REPORT_LIMIT:  # noqa: PTH202
        raise SourceError("the report of the scan is too large")
    with open(report, encoding="utf-8") as file:  # noqa: PTH123
        return json.load(file)


def _module_path(environment: Mapping[str, str]) -> dict[str, str]:
    """The same folders of modules as here: a relative one would lie in the repository."""
    folders = [folder for folder in environment.get("PYTHONPATH", "").split(os.pathsep) if folder]
    return {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, folders))}


def _seen(name: str, report: Any) -> Iterator[Seen]:  # noqa: ANN401 - JSON
    for finding in report["findings"]:
        severity, waived = int(Severity[str(finding["severity"]).upper()]), finding["status"] == WAIVED
        for one in (finding, *finding.get("also_at", ())):
            key = f"{one['fingerprint']}@{sha256(name.encode()).hexdigest()[:16]}"
            yield Seen(key, str(finding["rule_id"]), severity, f"{name} {one['path']}"[:4000], waived)


def _updated(state: State, results: Sequence[Result], today: date) -> State:
    whole = {one.repository.name for one in results if not one.repository.trouble}
    commits = "\n".join(f"{one.repository.name} {one.repository.commit}" for one in results)
    swept = Sweep(sha256(commits.encode()).hexdigest(), today, len(whole) == len(results))
    seen = (one for result in results for one in result.seen)
    return updated(state, seen, swept, lambda sighting: repository_of(sighting) in whole)


def _publish(results: Sequence[Result], place: Place, today: date) -> str:
    from gitops_guard.github.issues import Issues  # noqa: PLC0415 - loads PyGithub

    issues = Issues(place.transport(), place.repository)
    found = post.find(issues, TITLE)
    kept = keep(Remote(place.clone_url, place.token), lambda state: _updated(state, results, today), FILE)
    if kept.damage:
        _say(f"the state of earlier sweeps could not be read and was begun anew: {kept.damage}")
    day = kept.state.sweep.day if kept.state.sweep else today
    text = compose([one.repository for one in results], kept.state, day)
    complete = not any(one.repository.trouble for one in results)
    return post.publish(issues, found, post.Wanted(TITLE, text, complete and not sum(open_numbers(kept.state))))


def _as_json(results: Sequence[Result]) -> str:
    rows = [
        {
            "repository": one.repository.name,
            "commit": one.repository.commit,
            "complete": not one.repository.trouble,
            "trouble": one.repository.trouble,
            "open": {severity.label: _open(one, severity) for severity in Severity},
        }
        for one in results
    ]
    return json.dumps({"schema_version": "1.0", "repositories": rows}, indent=1) + "\n"


def _as_text(results: Sequence[Result]) -> str:
    return "".join(f"{_line(one)}\n" for one in results)


def _line(result: Result) -> str:
    numbers = [f"{count} {one.label}" for one in sorted(Severity, reverse=True) if (count := _open(result, one))]
    trouble = f" (NOT COMPLETE: {result.repository.trouble})" if result.repository.trouble else ""
    nothing = "nothing is known" if trouble else "no problems"
    return printable_unicode(f"{result.repository.name}: {', '.join(numbers) or nothing}{trouble}")


def _open(result: Result, severity: Severity) -> int:
    return sum(one.severity == severity and not one.waived for one in result.seen)


def _exit_code(results: Sequence[Result], word: str | None) -> int:
    least = level(word)
    if least is not None and any(one.severity >= least and not one.waived for result in results for one in result.seen):
        return FINDINGS
    return INCOMPLETE if any(one.repository.trouble for one in results) else CLEAN


def _say(line: str) -> None:
    sys.stderr.write(f"gitops-guard: {line}\n")
