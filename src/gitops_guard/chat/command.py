"""Commands in a comment: `/gitops-guard ...` at the beginning of a line. What people write is hostile."""

import re
from datetime import date
from typing import NamedTuple

MOST = 5
"""Commands of one comment that are answered."""
_WORD = "/gitops-guard"
_LONGEST = 600
_LONGEST_REASON = 300
_LONGEST_PATH = 300
_SHOWN = 80
_RULE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_WAIVE = re.compile(
    r"(?P<rule>\S+)(?:\s+in\s+(?:`(?P<code>[^`]+)`|(?P<path>\S+)))?\s+until\s+(?P<until>\S+)\s+because\s+(?P<reason>\S.*)",
    re.IGNORECASE,
)
USAGE = """\
| Command | What it does |
|---|---|
| `/gitops-guard fix [safe]` | commits the fixes that cannot change what an application sees |
| `/gitops-guard fix all` | also those that want a review |
| `/gitops-guard fix RULE` | those of one rule |
| `/gitops-guard explain RULE` | what a rule means |
| `/gitops-guard recheck` | reviews the pull request again |
| `/gitops-guard waive RULE [in PATH] until YYYY-MM-DD because REASON` | opens a pull request that accepts a problem |
"""


class Fix(NamedTuple):
    """Commit fixes: `safe`, `all`, or those of a rule, as it was written."""

    what: str = "safe"


class Explain(NamedTuple):
    """Explain a rule, as it was written."""

    rule: str


class Recheck(NamedTuple):
    """Review again. The field keeps it from being an empty tuple, which is false."""

    verb: str = "recheck"


class Waive(NamedTuple):
    """Accept a problem. `path` is empty where none was named; it is a path or a glob within the repository."""

    rule: str
    path: str
    until: date
    reason: str


class Mistake(NamedTuple):
    """Something that is no command; `why` is for the person who wrote it, `text` what was written, or its beginning."""

    why: str
    text: str = ""


Command = Fix | Explain | Recheck | Waive | Mistake


def commands(body: str) -> tuple[Command, ...]:
    """The commands of a comment, in order; none where it speaks to nobody here.

    Lines within fences of code are examples and do not count. One more than `MOST` becomes a mistake, the rest nothing.
    """
    found: list[Command] = []
    fence = ""
    for line in body.replace("\r\n", "\n").split("\n"):
        opened = _FENCE.match(line)
        if fence:
            fence = "" if opened is not None and _closes(line, fence) else fence
        elif opened is not None:
            fence = opened[1]
        elif line.startswith(_WORD) and not line[len(_WORD) : len(_WORD) + 1].strip():
            if len(found) == MOST:
                return (*found, Mistake(f"more than {MOST} commands in one comment: these are the first {MOST}"))
            found.append(_named(_command(line[len(_WORD) :]), line))
    return tuple(found)


def _named(command: Command, line: str) -> Command:
    return command._replace(text=line[:_SHOWN].strip()) if isinstance(command, Mistake) else command


def shown(command: Command) -> str:
    """A command as it is written, shortened."""
    if isinstance(command, Mistake):
        return command.text
    if isinstance(command, Fix):
        return f"{_WORD} fix {command.what}"
    return f"{_WORD} recheck" if isinstance(command, Recheck) else f"{_WORD} {_verb(command)} {command.rule}"


def _verb(command: Explain | Waive) -> str:
    return "explain" if isinstance(command, Explain) else "waive"


def _closes(line: str, fence: str) -> bool:
    text = line.strip()
    return text.startswith(fence) and not text.strip(fence[0])


def _command(line: str) -> Command:
    text = line.strip().replace("\t", " ")
    if len(text) > _LONGEST:
        return Mistake(f"the command is longer than {_LONGEST} characters")
    if not text.isprintable():
        return Mistake("the command holds characters that cannot be seen")
    verb, _, rest = text.partition(" ")
    if verb.lower() == "waive":
        return _waive(rest.strip())
    found = _short(verb.lower(), rest.split())
    if found is None:
        return Mistake("this is none of the commands" if verb else "no command was named")
    return found


def _short(verb: str, words: list[str]) -> Command | None:
    """A command of one or two words."""
    if len(words) > 1 or not all(_RULE.fullmatch(word) for word in words):
        return None
    if verb == "recheck" and not words:
        return Recheck()
    if verb == "explain" and words:
        return Explain(words[0])
    what = words[0] if words else "safe"
    is_word = what.lower() in {"safe", "all"}
    return Fix(what.lower() if is_word else what) if verb == "fix" else None


def _waive(text: str) -> Command:
    found = _WAIVE.fullmatch(text)
    if found is None:
        return Mistake("a waiver is: waive RULE [in PATH] until YYYY-MM-DD because REASON")
    path = found["code"] or found["path"] or ""
    if _RULE.fullmatch(found["rule"]) is None:
        return Mistake("the rule of the waiver is none")
    if wrong := path_problem(path):
        return Mistake(wrong)
    if len(found["reason"]) > _LONGEST_REASON:
        return Mistake(f"the reason is longer than {_LONGEST_REASON} characters")
    until = _day(found["until"])
    if until is None:
        return Mistake("the date of the waiver is none: write for example 2027-01-31")
    return Waive(found["rule"], path, until, " ".join(found["reason"].split()))


def _day(text: str) -> date | None:
    # `fromisoformat` takes other forms of ISO 8601 too.
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII) is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def path_problem(path: str) -> str:
    """What is wrong with a path that a waiver names; empty for a good one, and for none."""
    if not path:
        return ""
    parts = path.rstrip("/").split("/")
    if len(path) > _LONGEST_PATH:
        return f"the path is longer than {_LONGEST_PATH} characters"
    if path.startswith(("/", "~", "-")) or "\\" in path or any(part in {"", ".", ".."} for part in parts):
        return "the path of a waiver is relative to the top of the repository, without `..`"
    if not path.strip("*?/[]!."):
        return "this path is every path: a rule is switched off in the configuration, not by a waiver"
    return ""
