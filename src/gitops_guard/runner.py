"""What the runner of GitHub Actions reads in the log of a step: workflow commands, and the text that stops them.

Source: GitHub's "Workflow commands for GitHub Actions"; the escapes are those of actions/toolkit.
"""

from collections.abc import Mapping, Sequence

MARKER = "GITOPS_GUARD_COMMANDS_MARKER"
"""The variable with the word that ends the stop which the action puts around everything that is printed."""


def escaped_data(text: str) -> str:
    """The message of a command: it cannot end its line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escaped_property(text: str) -> str:
    """The value of a command's property: it can end neither the line nor the property."""
    return escaped_data(text).replace(":", "%3A").replace(",", "%2C")


def obeyed(commands: Sequence[str], environment: Mapping[str, str]) -> str:
    """The lines to print so that the runner obeys these commands, and nothing before or after them."""
    marker = environment.get(MARKER, "")
    if not marker:
        return "".join(f"{command}\n" for command in commands)
    # A line of its own, whatever was printed before without an end of line.
    return "\n".join(("", f"::{marker}::", *commands, f"::stop-commands::{marker}", ""))
