"""The numbers of a tracking issue: how many, how much has changed, since when, how fast."""

from gitops_guard.finding import Severity
from gitops_guard.tracking.state import Numbers, State, days_to_fix, oldest, open_numbers

SEVERITIES = sorted(Severity, reverse=True)


def headline(state: State) -> str:
    """How many problems there are, compared with the last sweep."""
    total, sweep = sum(open_numbers(state)), state.sweep
    what = number_of(total, "problem") if total else "No problems"
    if sweep is None or sweep.before is None:
        return f"{what}."
    change = sum(sweep.new) - sum(sweep.fixed)
    if not change:
        return f"{what}, as many as on {sweep.before}."
    return f"{what}, {abs(change):,} {'more' if change > 0 else 'fewer'} than on {sweep.before}."


def counts(state: State) -> list[tuple[str, list[str]]]:
    """The rows of the table of numbers: their names, and a text for each severity."""
    rows: list[tuple[str, list[str]]] = [("open", _row(open_numbers(state)))]
    sweep = state.sweep
    if sweep is not None and sweep.before is not None:
        rows += [("new since the last sweep", _row(sweep.new)), ("fixed since the last sweep", _row(sweep.fixed))]
    since, days = oldest(state), days_to_fix(state)
    if since:
        rows.append(("oldest since", [since[one].isoformat() if one in since else "" for one in SEVERITIES]))
    if days:
        rows.append(("median days to fix", [f"{days[one]:,}" if one in days else "" for one in SEVERITIES]))
    return rows


def _row(numbers: Numbers) -> list[str]:
    return [f"{numbers[severity]:,}" for severity in SEVERITIES]


def number_of(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
