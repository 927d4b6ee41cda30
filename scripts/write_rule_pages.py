"""Writes docs/rules/: a page for each rule and an index, made from the rules themselves.

python scripts/write_rule_pages.py            writes them
python scripts/write_rule_pages.py --check    exits 1 if they are out of date
"""

import sys
from pathlib import Path

from gitops_guard.pipeline import all_rules
from gitops_guard.rule_pages import explain

FOLDER = Path(__file__).parent.parent / "docs/rules"


def pages() -> dict[str, str]:
    """The text of each file."""
    rules = sorted(all_rules(), key=lambda rule: rule.id)
    rows = "".join(
        f"| [{rule.id}]({rule.id}.md) | {rule.title} | {rule.severity.label} | {rule.fix_safety or '-'} |\n"
        for rule in rules
    )
    index = f"# Rules\n\nMade by `make docs`.\n\n| Rule | What | Severity | Fix |\n|---|---|---|---|\n{rows}"
    return {"README.md": index} | {f"{rule.id}.md": explain(rule.id) for rule in rules}


def main() -> int:
    """Writes or compares."""
    wanted = pages()
    if "--check" in sys.argv[1:]:
        found = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.md")}
        different = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
        print("\n".join(different) or "docs/rules is up to date")
        return 1 if different else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*.md"):
        path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
