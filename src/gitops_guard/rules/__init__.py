"""All rules. A rule is listed in the tuple of its family; a family in one of the two below.

What only Dockerfiles need is loaded when the first Dockerfile is met.
"""

from gitops_guard.rule import Rule


def manifest_rules() -> tuple[Rule, ...]:
    """The rules on manifests, on any text, on the repository as a whole and on the configuration."""
    from gitops_guard.rules.adm import ADM  # noqa: PLC0415 - see the module
    from gitops_guard.rules.git import GIT  # noqa: PLC0415
    from gitops_guard.rules.img import IMG_MANIFEST  # noqa: PLC0415
    from gitops_guard.rules.net import NET  # noqa: PLC0415
    from gitops_guard.rules.pod import POD  # noqa: PLC0415
    from gitops_guard.rules.rbc import RBC  # noqa: PLC0415
    from gitops_guard.rules.sec import SEC  # noqa: PLC0415

    return (*POD, *NET, *RBC, *SEC, *IMG_MANIFEST, *ADM, *GIT)


def image_fact_rules() -> tuple[Rule, ...]:
    """The rules on images in manifests that decide by what registries and scanners know: silent where nothing is."""
    from gitops_guard.rules.img.known import IMG_KNOWN  # noqa: PLC0415 - few runs ask
    from gitops_guard.rules.sec.image_secrets import RULE as SECRETS  # noqa: PLC0415

    return (*IMG_KNOWN, SECRETS)


def change_rules() -> tuple[Rule, ...]:
    """The rules on what a change does as a whole."""
    from gitops_guard.rules.net.opened_path import RULE as OPENED_PATH  # noqa: PLC0415 - only for comparisons

    return (OPENED_PATH,)


def delivery_rules() -> tuple[Rule, ...]:
    """The rules on what delivers manifests: Argo CD, Flux, Kustomizations, values of charts."""
    from gitops_guard.rules.git.delivery import DELIVERY  # noqa: PLC0415 - loaded where such a file is met
    from gitops_guard.rules.sec.delivered_secret import RULE as SECRETS  # noqa: PLC0415

    return (*DELIVERY, SECRETS)


def dockerfile_rules() -> tuple[Rule, ...]:
    """The rules on Dockerfiles; those that manifests have too are here with both sides."""
    from gitops_guard.rules.dkr import DKR  # noqa: PLC0415
    from gitops_guard.rules.img.dockerfile import IMG_DOCKERFILE  # noqa: PLC0415
    from gitops_guard.rules.sec.base_image_secrets import RULE as SECRETS  # noqa: PLC0415

    return (*IMG_DOCKERFILE, SECRETS, *DKR)
