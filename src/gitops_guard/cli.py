"""The command line: argv becomes a run, errors become messages and exit codes."""

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from gitops_guard.errors import CLEAN, INCOMPLETE, GuardError
from gitops_guard.options import FORMATS, LEVELS

_OFFLINE = "ask no registry and no scanner: only the snapshot and report files tell anything"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code: 0 clean, 1 findings, 2 usage or configuration, 3 incomplete."""
    words = sys.argv[1:] if argv is None else list(argv)
    arguments = parser(words[0] if words else "").parse_args(words)
    try:
        return _COMMANDS[arguments.command][2](arguments)
    except GuardError as error:
        sys.stderr.write(f"gitops-guard: {_printable(str(error))}\n")
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INCOMPLETE
    except KeyboardInterrupt:
        return 130


def parser(command: str = "") -> argparse.ArgumentParser:
    """The command line's grammar; the options of other commands than the given one are left out, to start faster."""
    top = argparse.ArgumentParser(
        prog="gitops-guard",
        description="Reviews Kubernetes manifests and Dockerfiles and hands back proven patches.",
        formatter_class=_Help,
    )
    top.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (summary, fill, _) in _COMMANDS.items():
        if command not in _COMMANDS or name == command:
            fill(commands.add_parser(name, help=summary, formatter_class=_Help))
    return top


class _Help(argparse.HelpFormatter):
    """Help as wide as the terminal, found without shutil, which argparse would load for every command line."""

    def __init__(self, prog: str) -> None:
        try:
            columns = int(os.environ.get("COLUMNS") or os.get_terminal_size().columns)
        except (ValueError, OSError):
            columns = 80
        super().__init__(prog, width=max(columns - 2, 40))


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from gitops_guard import __version__  # noqa: PLC0415

        sys.stdout.write(f"gitops-guard {__version__}\n")
        parser.exit()


def _selection(command: argparse.ArgumentParser) -> None:
    command.add_argument("paths", nargs="*", metavar="PATH", help="files and folders (default: here)")
    command.add_argument("--config", metavar="FILE", help="configuration (default: .gitops-guard.yaml)")
    command.add_argument("--rule", action="append", default=[], metavar="ID", help="only this rule; may be repeated")


def _check(command: argparse.ArgumentParser) -> None:
    _selection(command)
    command.add_argument("--base", metavar="REV", help="only what changed since the merge-base with REV")
    command.add_argument("--head", metavar="REV", help="with --base: read REV instead of the working tree")
    command.add_argument("--format", choices=FORMATS, default="console")
    command.add_argument("--output", metavar="FILE", help="write the report to FILE instead of standard output")
    command.add_argument(
        "--report", action="append", default=[], metavar="FORMAT=FILE", help="write another report; may be repeated"
    )
    command.add_argument("--fail-level", choices=LEVELS, help="exit 1 for findings from this severity on")
    command.add_argument("--patches", action="store_true", help="prove the fixes of a whole tree too (slow)")
    command.add_argument("--offline", action="store_true", help=_OFFLINE)
    command.add_argument("--jobs", type=int, default=1, metavar="N", help="accepted for scripts; one process is used")


def _fix(command: argparse.ArgumentParser) -> None:
    _selection(command)
    command.add_argument("--offline", action="store_true", help=_OFFLINE)
    which = command.add_mutually_exclusive_group()
    which.add_argument("--safe-only", action="store_true", help="only fixes that cannot change what an app sees")
    which.add_argument("--all", action="store_true", help="also patches whose effect depends on the application")
    how = command.add_mutually_exclusive_group()
    how.add_argument("--diff", action="store_true", help="print a patch (default)")
    how.add_argument("--write", action="store_true", help="change the files")


def _pull_request(command: argparse.ArgumentParser) -> None:
    command.add_argument("paths", nargs="*", metavar="PATH", help="only changes below these files and folders")
    command.add_argument("--config", metavar="FILE", help="configuration (default: .gitops-guard.yaml of the base)")
    command.add_argument("--fail-level", choices=LEVELS, help="exit 1 for new findings from this severity on")
    command.add_argument("--report", action="append", default=[], metavar="FORMAT=FILE", help="write another report")
    command.add_argument("--dry-run", action="store_true", help="print what would be posted")
    command.add_argument("--offline", action="store_true", help=_OFFLINE)
    command.add_argument("--drafts", choices=("review", "check"), default="review", help="check: draft, no comments")
    command.add_argument(
        "--artifact-dir", metavar="DIR", help="where a token that only reads leaves its result for `post`"
    )


def _comment(command: argparse.ArgumentParser) -> None:
    command.add_argument("paths", nargs="*", metavar="PATH", help="only changes below these files and folders")
    command.add_argument("--config", metavar="FILE", help="configuration (default: .gitops-guard.yaml of the base)")
    command.add_argument("--fail-level", choices=LEVELS, help="for recheck: as for pr")
    command.add_argument("--offline", action="store_true", help=_OFFLINE)
    # What the review takes besides.
    command.set_defaults(report=[], dry_run=False, drafts="review", artifact_dir=None)


def _post(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", metavar="DIR", help="the unpacked artifact of a run that could not post")


def _sweep(command: argparse.ArgumentParser) -> None:
    _selection(command)
    command.add_argument("--shard", metavar="I/N", help="scan only part I of N, for `merge` to join")
    command.add_argument("--repos", metavar="FILE|ORG", help="sweep these repositories, or those of an organisation")
    command.add_argument("--offline", action="store_true", help=_OFFLINE)
    _delivery(command)


def _merge(command: argparse.ArgumentParser) -> None:
    command.add_argument("shards", nargs="+", metavar="SHARD", help="files that `sweep --shard` wrote")
    command.add_argument("--config", metavar="FILE", help="configuration (default: .gitops-guard.yaml)")
    _delivery(command)


def _delivery(command: argparse.ArgumentParser) -> None:
    # A sweep proves no fix: it has no patch to give.
    command.add_argument("--format", choices=[name for name in FORMATS if name != "patch"], default="console")
    command.add_argument("--output", metavar="FILE", help="write the report, or the shard, to FILE")
    command.add_argument(
        "--report", action="append", default=[], metavar="FORMAT=FILE", help="write another report; may be repeated"
    )
    command.add_argument("--fail-level", choices=LEVELS, help="exit 1 for findings from this severity on")
    command.add_argument("--publish", action="store_true", help="bring the tracking issue up to date")
    command.add_argument("--upload-sarif", action="store_true", help="upload SARIF to code scanning")
    command.add_argument("--category", default="", metavar="NAME", help="sets several uploads of SARIF apart")
    command.add_argument("--dry-run", action="store_true", help="print the tracking issue, write nothing")


def _images(command: argparse.ArgumentParser) -> None:
    command.add_argument("paths", nargs="*", metavar="PATH", help="files and folders (default: here)")
    command.add_argument("--config", metavar="FILE", help="configuration (default: .gitops-guard.yaml)")
    command.add_argument(
        "--base", metavar="REV", help="only files changed since the merge-base with REV; marks new images"
    )
    command.add_argument("--head", metavar="REV", help="with --base: read REV instead of the working tree")
    command.add_argument("--format", choices=("console", "json", "markdown"), default="console")
    command.add_argument("--output", metavar="FILE", help="write to FILE instead of standard output")
    command.add_argument("--offline", action="store_true", help=_OFFLINE)
    what = command.add_mutually_exclusive_group()
    what.add_argument("--propose", action="store_true", help="print an approved list of what is used today")
    what.add_argument(
        "--snapshot", action="store_true", help="write what is known into the snapshot that --offline reads"
    )


def _render(command: argparse.ArgumentParser) -> None:
    command.add_argument("path", nargs="?", metavar="PATH", help="a folder of the repository (default: here)")
    command.add_argument("--root", metavar="FOLDER", help="only this folder of PATH, even if it is part of others")
    command.add_argument("--list", action="store_true", help="what feeds what, and what was rendered or why not")
    command.add_argument("--format", choices=("console", "json"), default="console", help="of --list")
    command.add_argument("--output", metavar="FILE", help="write to FILE instead of standard output")
    command.add_argument("--config", metavar="FILE", help="configuration (default: .gitops-guard.yaml)")


def _run_render(arguments: argparse.Namespace) -> int:
    from gitops_guard.commands.render import render  # noqa: PLC0415

    return render(arguments, datetime.now(UTC).date())


def _run_images(arguments: argparse.Namespace) -> int:
    from gitops_guard.commands.images import images  # noqa: PLC0415

    return images(arguments, datetime.now(UTC).date())


def _run_check(arguments: argparse.Namespace) -> int:
    from gitops_guard.checking import check  # noqa: PLC0415 - each command loads what it needs

    return check(arguments, datetime.now(UTC).date())


def _run_fix(arguments: argparse.Namespace) -> int:
    from gitops_guard.commands.fix import fix  # noqa: PLC0415

    return fix(arguments, datetime.now(UTC).date())


def _run_pull_request(arguments: argparse.Namespace) -> int:
    from gitops_guard.commands.pull_request import review  # noqa: PLC0415

    return review(arguments, os.environ, datetime.now(UTC).date())


def _run_sweep(arguments: argparse.Namespace) -> int:
    from gitops_guard.sweeping.command import sweep  # noqa: PLC0415

    return sweep(arguments, os.environ, datetime.now(UTC).date())


def _run_merge(arguments: argparse.Namespace) -> int:
    from gitops_guard.sweeping.command import merge  # noqa: PLC0415

    return merge(arguments, os.environ, datetime.now(UTC).date())


def _run_post(arguments: argparse.Namespace) -> int:
    from gitops_guard.commands.post import post  # noqa: PLC0415

    return post(arguments, os.environ)


def _run_comment(arguments: argparse.Namespace) -> int:
    from gitops_guard.commands.comment import answer_comment  # noqa: PLC0415

    return answer_comment(arguments, os.environ, datetime.now(UTC).date())


def _run_explain(arguments: argparse.Namespace) -> int:
    from gitops_guard.rule_pages import explain  # noqa: PLC0415

    sys.stdout.write(explain(arguments.rule))
    return CLEAN


def _run_rules(arguments: argparse.Namespace) -> int:
    from gitops_guard.rule_pages import listing  # noqa: PLC0415

    sys.stdout.write(listing(arguments.format))
    return CLEAN


def _run_scans(arguments: argparse.Namespace) -> int:
    from gitops_guard.commands.scans import scans  # noqa: PLC0415

    return scans(arguments, datetime.now(UTC))


def _run_network(arguments: argparse.Namespace) -> int:
    from gitops_guard.commands.network.options import run as run_action  # noqa: PLC0415

    return run_action(arguments, datetime.now(UTC).date())


def _run_schema(arguments: argparse.Namespace) -> int:
    from gitops_guard.schemas import schema_text  # noqa: PLC0415

    sys.stdout.write(schema_text(arguments.name))
    return CLEAN


def _run_init(arguments: argparse.Namespace) -> int:
    from gitops_guard.commands.init import init  # noqa: PLC0415

    return init(arguments, datetime.now(UTC).date())


def _printable(text: str) -> str:
    return "\n".join("".join(c if c.isprintable() else "?" for c in line) for line in text.split("\n"))


def _explain(command: argparse.ArgumentParser) -> None:
    command.add_argument("rule", metavar="RULE", help="an id, a name, or another tool's id")


def _rules(command: argparse.ArgumentParser) -> None:
    command.add_argument("--format", choices=("console", "json"), default="console")


def _scans(command: argparse.ArgumentParser) -> None:
    command.add_argument("files", nargs="+", metavar="FILE", help="scanners' reports; folders and globs too")
    command.add_argument("--format", choices=("console", "json"), default="console")


def _network(command: argparse.ArgumentParser) -> None:
    from gitops_guard.commands.network.options import fill  # noqa: PLC0415 - only for this command

    fill(command)


def _schema(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", choices=("config", "report", "artifact"))


def _init(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--no-workflows", dest="workflows", action="store_false", help="write the configuration, no GitHub workflows"
    )


_COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace], int]]] = {
    "check": ("find problems in files, or in what a change introduces", _check, _run_check),
    "fix": ("show or write the proven fixes", _fix, _run_fix),
    "pr": ("review a pull request on GitHub (the action's job)", _pull_request, _run_pull_request),
    "sweep": ("scan a whole repository, in parts if it is large, and track what is found", _sweep, _run_sweep),
    "merge": ("judge the whole from the parts that `sweep --shard` scanned", _merge, _run_merge),
    "post": ("bring a result without rights into its pull request", _post, _run_post),
    "comment": ("do what a comment on a pull request asks for (the action's job)", _comment, _run_comment),
    "images": ("every image, where it is used, and what is known of it", _images, _run_images),
    "scans": ("what is read from scanners' reports", _scans, _run_scans),
    "network": ("who may and who must connect to whom, and policies for it", _network, _run_network),
    "render": ("what Kustomize, Helm, Argo CD and Flux would apply", _render, _run_render),
    "explain": ("the page of a rule", _explain, _run_explain),
    "rules": ("all rules", _rules, _run_rules),
    "schema": ("a JSON Schema of this program", _schema, _run_schema),
    "init": ("write a configuration and workflows to start from", _init, _run_init),
}


def run() -> None:
    """The console script: runs a command and ends the process at once.

    The collector is off and the interpreter is not taken down: nothing on the way makes reference cycles, and both
    would cost a check of one file a fifth of its time (docs/adr/0002).
    """
    gc.disable()
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
