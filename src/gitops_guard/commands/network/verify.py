"""The `network verify` command: whether the policies allow what the manifests need, and what they allow beyond it."""

import argparse
import os
from datetime import date

from gitops_guard.checking import write
from gitops_guard.errors import CLEAN, FINDINGS, INCOMPLETE
from gitops_guard.local_configuration import local_settings
from gitops_guard.network.completeness import complete
from gitops_guard.network.inference import infer
from gitops_guard.network.judging import Judgement, judge
from gitops_guard.network.material import INFERENCE_KINDS
from gitops_guard.network.reading import NETWORK_KINDS, cluster
from gitops_guard.network.verify import ABSENT, DENIED, UNKNOWN
from gitops_guard.network_settings import CLUSTER_DOMAIN
from gitops_guard.publishers import network_variants, network_verification
from gitops_guard.report import Coverage
from gitops_guard.tree_manifests import manifests

FORMATS = ("console", "json")


def verify(arguments: argparse.Namespace, today: date) -> int:
    """Runs `network verify`.

    Returns:
        1 where a needed connection is denied or a policy selects nothing, else 3 where something is not known, else 0.
    """
    root = os.getcwd()  # noqa: PTH109 - as the rest of the way to a scan
    settings = local_settings(getattr(arguments, "config", None), root, today)
    files = manifests(arguments.paths, root, settings)
    domain = CLUSTER_DOMAIN if settings.network is None else settings.network.cluster_domain
    render = network_verification.as_json if arguments.format == "json" else network_verification.as_console
    reports: list[network_variants.Told] = []
    codes: list[int] = []
    for one in files.variants(NETWORK_KINDS | INFERENCE_KINDS):
        needs = infer(one.objects, domain)
        found = judge(cluster(complete(one.objects)), needs.edges)
        coverage = Coverage(rendered=one.names) if reports else files.coverage
        reports.append((one.names, render(found, needs, coverage)))
        codes.append(_exit_code(found, is_incomplete=bool(files.failed)))
    write(network_variants.joined(reports, arguments.format), arguments.output)
    return FINDINGS if FINDINGS in codes else max(codes)


def _exit_code(found: Judgement, *, is_incomplete: bool) -> int:
    if found.verification.idle or any(found.with_status(DENIED)):
        return FINDINGS
    errors = any(problem.is_error for problem in found.verification.connections.problems)
    unknown = errors or any(found.with_status(UNKNOWN, ABSENT))
    return INCOMPLETE if unknown or is_incomplete else CLEAN
