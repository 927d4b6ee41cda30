"""A reference as people wrote it, changed as little as another image allows."""

from gitops_guard.syntax.image_reference import DOCKER_HUB, ImageReference


def rewritten(text: str, old: ImageReference, new: ImageReference) -> str:
    """The text of `new` in the manner of `text`, which means `old`.

    The name stays as it is written where the image keeps its name; else it is written in the familiar form, or in full
    where Docker Hub was.
    """
    return name_text(text, old, new) + suffix(new)


def name_text(text: str, old: ImageReference, new: ImageReference) -> str:
    """The same without tag and digest."""
    if new.name == old.name:
        return written_name(text)
    bare = new._replace(tag=None, digest=None)
    is_full = written_name(text).lower().startswith((f"{DOCKER_HUB}/", f"index.{DOCKER_HUB}/"))
    return bare.normalized if is_full else bare.familiar


def written_name(text: str) -> str:
    """What stands before tag and digest."""
    name = text.partition("@")[0]
    colon = name.rfind(":")
    return name if colon <= name.rfind("/") else name[:colon]


def suffix(reference: ImageReference) -> str:
    """Tag and digest as they stand behind a name."""
    tag = f":{reference.tag}" if reference.tag else ""
    return tag + (f"@{reference.digest}" if reference.digest else "")
