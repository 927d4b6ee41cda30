"""Which files are Dockerfiles, by their names."""

_STEMS = ("dockerfile", "containerfile")
_TEMPLATES = (".template", ".tmpl", ".tpl", ".gotmpl", ".j2", ".jinja", ".jinja2", ".erb", ".mustache", ".in", ".m4")
_OTHER = frozenset((
    ".dockerignore", ".containerignore", ".md", ".markdown", ".rst", ".adoc", ".txt", ".html", ".orig", ".rej", ".bak",
    ".swp", ".sh", ".bash", ".ps1", ".py", ".go", ".js", ".ts", ".rs", ".rb", ".java", ".kt", ".cs", ".c", ".h", ".cpp",
    ".json", ".yaml", ".yml", ".toml", ".xml", ".sarif", ".lock", ".png", ".svg", ".gz", ".zip", ".sha256", ".sig",
))  # fmt: skip


def is_dockerfile_name(basename: str) -> bool:
    """Whether a file of this name is read as a Dockerfile.

    `Dockerfile` and `Containerfile` in any case, either followed by `.`, `-` or `_` and anything, or as an extension
    (`api.Dockerfile`). Not their templates, nor documents and programs that only begin like them.
    """
    lowered = basename.lower()
    return skip_reason(basename) is None and (
        lowered in _STEMS
        or (lowered.startswith(_STEMS) and lowered[len(_stem(lowered))] in ".-_")
        or lowered.endswith(tuple(f".{stem}" for stem in _STEMS))
    )


def skip_reason(basename: str) -> str | None:
    """Why a file whose name speaks of a Dockerfile is not read; None for a Dockerfile and for every other name."""
    lowered = basename.lower()
    if not lowered.startswith(_STEMS):
        return None
    if lowered.endswith(_TEMPLATES):
        return "a template of a Dockerfile: what it generates can be checked"
    extension = lowered[lowered.rfind(".") :] if "." in lowered else ""
    if extension in _OTHER or lowered.endswith("~"):
        return "by its extension no Dockerfile"
    rest = lowered[len(_stem(lowered)) :]
    if rest and rest[0] not in ".-_":
        return "by its name no Dockerfile"
    return None


def _stem(lowered: str) -> str:
    return next(stem for stem in _STEMS if lowered.startswith(stem))
