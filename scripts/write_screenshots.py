"""Writes docs/images/: what a pull request looks like after a review, and a tracking issue, drawn by a browser.

    python scripts/write_screenshots.py         needs git, Chromium, and npm for the diagrams

The example repository is reviewed against the tests' stand-in for GitHub; what was posted is rendered as GitHub would.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "examples")]

import demo  # noqa: E402 - beside this folder

from github_standin.server import running  # noqa: E402
from github_standin.state import PullRequest, State  # noqa: E402
from gitops_guard import cli  # noqa: E402
from gitops_guard.sweeping import command as sweep  # noqa: E402
from integration import sweeping  # noqa: E402

TARGET = ROOT / "docs" / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
MERMAID = "mermaid@11"
TOKEN = "token-of-the-example"  # noqa: S105 - the stand-in's
SCALE, WIDTH = 1, 960
CONTEXT = 3
STYLE = Path(__file__).with_name("github.css")


def main() -> int:
    """Draws every picture."""
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        script = _mermaid(work)
        state = reviewed(work)
        comments = [_comment(state, one) for one in state.review_comments]
        draw("comment", comments[0], work, script)
        draw("review", "".join(comments), work, script)
        draw("tracking-issue", _article("", tracked(work / "sweeps"), ()), work, script)
        draw("summary", "".join(_article("", one["body"], ()) for one in state.issue_comments), work, script)
    return 0


def reviewed(folder: Path) -> State:
    """The stand-in's state after a review of the example's pull request."""
    repository = demo.build(folder)
    state = State(repository, "acme/shop")
    state.add_token(TOKEN)
    state.pulls[1] = PullRequest(1, "main", "change")
    with running(state) as standin:
        given = {**os.environ, **demo.event(folder, repository), "GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": standin.url}
        command = [sys.executable, "-m", "gitops_guard", "pr", "--offline"]
        subprocess.run(command, cwd=repository, env=given, check=False)
    if state.violations:
        raise SystemExit("\n".join(state.violations))
    return state


def tracked(folder: Path) -> str:
    """The text of the tracking issue after three sweeps of the example repository, each after a change."""
    example = ROOT / "examples" / "repository"
    files = {str(file.relative_to(example)): file.read_text() for file in example.rglob("*") if file.is_file()}
    owners = {"CODEOWNERS": "* @acme/platform\n/apps/ @acme/shop\n", ".gitops-guard.yaml": sweeping.CONFIGURATION}
    path = sweeping.repository(folder, {**files, **owners, "apps/old.yaml": sweeping.POD.format(name="old")})
    arguments = cli.parser("sweep").parse_args(["sweep", "--publish", "--output", os.devnull])
    with sweeping.served(path) as state:
        sweep.sweep(arguments, os.environ, date(2026, 5, 4))
        sweeping.commit(path, {"apps/report.yaml": sweeping.POD.format(name="report")})
        sweep.sweep(arguments, os.environ, date(2026, 11, 16))
        body = state.issues[0]["body"]
        box = "<!-- gitops-guard:fix=gg-pod-001 -->"
        state.issues[0]["body"] = body.replace(f"- [ ] {box}", f"- [x] {box}")
        sweeping.commit(path, {"apps/old.yaml": None})
        sweep.sweep(arguments, os.environ, date(2026, 11, 23))
        text = str(state.issues[0]["body"])
    shown = text.replace(f"file://{folder}", "https://github.com")
    return shown.replace("- [ ] ", '- <input type="checkbox" disabled> ')


def draw(name: str, body: str, folder: Path, script: str) -> None:
    """Takes a picture of a page, cut to what it shows."""
    page = folder / f"{name}.html"
    head = f"<!doctype html><meta charset=utf-8><style>{STYLE.read_text()}</style>"
    page.write_text(f"{head}<body>{body}{script}", encoding="utf-8")
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise SystemExit("no browser: install chromium")
    base = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=10000"]
    counted = subprocess.run(
        [*base, f"--window-size={WIDTH},800", "--dump-dom", page.as_uri()], capture_output=True, text=True, check=True
    ).stdout
    height = int(counted.partition('data-height="')[2].partition('"')[0] or 1200)
    size = [f"--window-size={WIDTH},{height}", f"--force-device-scale-factor={SCALE}"]
    subprocess.run([*base, *size, f"--screenshot={TARGET / name}.png", page.as_uri()], check=True, capture_output=True)


def _mermaid(folder: Path) -> str:
    """What draws diagrams, and tells how high the page is."""
    measure = "document.body.dataset.height = document.documentElement.scrollHeight"
    done = subprocess.run(["npm", "pack", "--silent", MERMAID], cwd=folder, check=True, capture_output=True, text=True)
    with tarfile.open(folder / done.stdout.split()[-1]) as archive:
        archive.extract("package/dist/mermaid.min.js", folder, filter="data")
    run = f"mermaid.initialize({{startOnLoad: false}}); mermaid.run().then(() => {{ {measure} }})"
    return f'<script src="package/dist/mermaid.min.js"></script><script>{run}</script>'


def _comment(state: State, comment: Mapping[str, Any]) -> str:
    lines = (state.path / comment["path"]).read_text(encoding="utf-8").splitlines()
    last = comment["line"]
    if last is None:
        return _article(comment["path"], comment["body"], ())
    first = comment["start_line"] or last
    shown = "\n".join(f"{at:4} + {lines[at - 1]}" for at in range(max(first, last - CONTEXT), last + 1))
    code = f'<pre class="lines plus"><code>{escape(shown)}</code></pre>'
    return _article(f"{comment['path']}, lines {first} to {last}", comment["body"], lines[first - 1 : last], code)


def _article(title: str, text: str, replaced: tuple[str, ...] | list[str], code: str = "") -> str:
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    body = markdown.render(text)
    body = body.replace('<pre><code class="language-mermaid">', '<pre class="mermaid"><code hidden>', 1)
    body = body.replace('<pre class="mermaid"><code hidden>', '<pre class="mermaid">')
    opening = '<pre><code class="language-suggestion">'
    old = "".join(f'<code class="minus">- {escape(line)}</code>' for line in replaced)
    before, found, after = body.partition(opening)
    if found:
        new, _, rest = after.partition("</code></pre>")
        added = "".join(f'<code class="plus">+ {line}</code>' for line in new.rstrip("\n").split("\n"))
        body = f'{before}<pre class="suggestion"><b>Suggested change</b>{old}{added}</pre>{rest}'
    header = f"<header><b>github-actions</b> {'commented on ' + escape(title) if title else 'commented'}</header>"
    return f"<article>{header}{code}<section>{body}</section></article>"


if __name__ == "__main__":
    sys.exit(main())
