"""Which files are Dockerfiles, by their names."""

_STEMS = ("dockerfile", "containerfile")
_TEMPLATE = "a template of a Dockerfile: what it generates can be checked"
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
    if lowered.startswith(_STEMS):
        return _reason(lowered) is None
    return lowered.endswith(tuple(f".{stem}" for stem in _STEMS))


def skip_reason(basename: str) -> str | None:
    """Why a file that is named like a Dockerfile is not read; None for a Dockerfile and for every other name.

    Programs and documents are spoken of only where they are written like the real name: `Dockerfile.md`, but not
    `dockerfile_parser.py`.
    """
    lowered = basename.lower()
    if not lowered.startswith(_STEMS):
        return None
    reason = _reason(lowered)
    return reason if reason == _TEMPLATE or basename.startswith(("Dockerfile", "Containerfile")) else None


def _reason(lowered: str) -> str | None:
    if lowered.endswith(_TEMPLATES):
        return _TEMPLATE
    extension = lowered[lowered.rfind(".") :] if "." in lowered else ""
    if extension in _OTHER or lowered.endswith("~"):
        return "by its extension no Dockerfile"
    stem = next(stem for stem in _STEMS if lowered.startswith(stem))
    rest = lowered.removeprefix(stem)
    return "by its name no Dockerfile" if rest and rest[0] not in ".-_" else None
