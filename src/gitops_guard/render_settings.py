"""What a team has decided on rendering Kustomize and Helm: the section `render` of a configuration."""

from typing import Literal, NamedTuple

Mode = Literal["auto", "off", "required"]

AUTO: Mode = "auto"
OFF: Mode = "off"
REQUIRED: Mode = "required"


class RenderSettings(NamedTuple):
    """How roots are rendered.

    `auto` renders what the tools that are there can render, and says what was not; `required` fails where it cannot be
    done at all. `helm_cache` is a folder of chart archives, in the repository or absolute. `api_versions` are told to
    charts as what the cluster serves. `include` and `exclude` are globs of folders. `seconds` is for each root,
    `total_seconds` for all of a run.
    """

    mode: Mode = AUTO
    helm_cache: str = ""
    api_versions: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    seconds: int = 20
    total_seconds: int = 300
