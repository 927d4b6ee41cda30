"""What the rules on images share, on manifests as in Dockerfiles. Light: manifests load no Dockerfile parser for it."""

from functools import lru_cache

from gitops_guard.settings import Settings
from gitops_guard.syntax.image_reference import ImageReference, InvalidReference, parse, tag_kind

APPROVED_PAGE = """

## Configuration
`approved_images` in `.gitops-guard.yaml`: `repository` (with `*` inside a path segment and a final `**`), `tags`
(patterns such as `3.12.*-slim`), `digest_required`, `expires`. An entry with `replacement` or `mirror` approves that
instead of what it matches. Without a list there is nothing to decide, and the rule is silent.
"""


@lru_cache(maxsize=1024)
def reference_of(text: str) -> ImageReference | InvalidReference:
    """The parsed reference; workloads repeat theirs."""
    return parse(text)


def moving(reference: ImageReference) -> str:
    """Why tomorrow's image may be another one, judged by the tag; empty if a digest or the tag says which it is."""
    if reference.digest is not None:
        return ""
    kind = tag_kind(reference.tag)
    if kind == "missing":
        return "no tag, so whatever latest is"
    if kind == "latest":
        return "the tag latest moves"
    return f"the tag {reference.tag} moves" if kind == "floating" else ""


def digest_of(reference: ImageReference, settings: Settings) -> str:
    """The digest that the configuration gives for a reference with tag; empty if it gives none."""
    if reference.digest is not None or not settings.digests:
        return ""
    wanted = reference.normalized if reference.tag else f"{reference.name}:latest"
    for name, digest in settings.digests:
        known = reference_of(name)
        if isinstance(known, ImageReference) and known.normalized == wanted:
            return digest
    return ""


def advice(nearest: str) -> str:
    """The end of a message that points to an entry of the list."""
    return f"; the list has {nearest}" if nearest else ""
