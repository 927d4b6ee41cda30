"""The actions of the `network` command: their options, and what runs them."""

import argparse
from datetime import date

MAP_FORMATS = ("console", "json", "markdown", "dot", "html")


def fill(command: argparse.ArgumentParser) -> None:
    """Adds the actions to the command."""
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    _action(actions, "map", "who may connect to whom, as the policies decide", MAP_FORMATS)
    _action(actions, "infer", "who talks to whom, as the manifests say, with the evidence", ("console", "json"))
    _action(actions, "verify", "whether the policies allow what is needed, and what beyond it", ("console", "json"))
    formats = ("console", "json", "markdown")
    difference = _action(actions, "diff", "which connections a change opens and closes", formats)
    difference.add_argument("--base", metavar="REV", help="compare with the merge-base with REV")
    difference.add_argument("--head", metavar="REV", help="read REV instead of the working tree")
    difference.add_argument("--config", metavar="FILE", help="configuration (default: .gitops-guard.yaml of the base)")
    _synth(actions.add_parser("synth", help="policies that close everything but what is needed"))


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, summary: str, formats: tuple[str, ...]
) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=summary)
    action.add_argument("paths", nargs="*", metavar="PATH", help="files and folders (default: here)")
    action.add_argument("--format", choices=formats, default="console")
    action.add_argument("--output", metavar="FILE", help="write to FILE instead of standard output")
    return action


def _synth(action: argparse.ArgumentParser) -> None:
    action.add_argument("paths", nargs="*", metavar="PATH", help="files and folders (default: here)")
    how = action.add_mutually_exclusive_group()
    how.add_argument("--write", metavar="DIR", help="write policies of namespaces below DIR, others beside manifests")
    how.add_argument("--diff", action="store_true", help="print a patch")
    action.add_argument("--format", choices=("yaml", "json"), default="yaml")
    action.add_argument("--style", choices=("networkpolicy", "cilium"), help="default: networkpolicy, or as configured")
    action.add_argument("--config", metavar="FILE", help="configuration (default: .gitops-guard.yaml)")
    action.add_argument("--output", metavar="FILE", help="write to FILE instead of standard output")


def run(arguments: argparse.Namespace, today: date) -> int:
    """Runs an action and returns the exit code."""
    match arguments.action:
        case "infer":
            from gitops_guard.commands.network.infer import inferred  # noqa: PLC0415 - each action loads what it needs

            return inferred(arguments, today)
        case "verify":
            from gitops_guard.commands.network.verify import verify  # noqa: PLC0415

            return verify(arguments, today)
        case "diff":
            from gitops_guard.commands.network.diff import diff  # noqa: PLC0415

            return diff(arguments, today)
        case "synth":
            from gitops_guard.commands.network.synth import synth  # noqa: PLC0415

            return synth(arguments, today)
    from gitops_guard.commands.network.map import network  # noqa: PLC0415

    return network(arguments, today)
