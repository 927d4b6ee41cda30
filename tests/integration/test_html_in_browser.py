"""The HTML report in a real browser: filters, what runs, what is asked for."""

import html as html_module
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from gitops_guard.finding import Resource
from gitops_guard.publishers import html
from gitops_guard.report import Coverage
from gitops_guard.source_file import Skipped
from unit.publishers.sample_report import DEPLOYMENT, TEXTS, finding, large_report, sample_report, tree_report

pytestmark = pytest.mark.real

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--v=0",
)
Browse = Callable[..., tuple[str, str]]


@pytest.fixture(scope="module")
def browser() -> str:
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None:
        pytest.skip(f"no browser: one of {', '.join(NAMES)} is needed")
    return found


@pytest.fixture
def browse(browser: str, tmp_path: Path) -> Browse:
    """Opens a page at a hash; gives the document after its script ran, and what the console said."""

    def opened(page: str, fragment: str = "", *flags: str) -> tuple[str, str]:
        file = tmp_path / "report.html"
        file.write_text(page, "utf-8")
        address = file.as_uri() + (f"#{fragment}" if fragment else "")
        argv = (browser, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", *flags, "--dump-dom", address)
        ran = subprocess.run(argv, capture_output=True, timeout=120, check=True)
        dom = ran.stdout.decode()
        assert 'data-ready="true"' in dom, "the script did not reach its end"
        return dom, "\n".join(line for line in ran.stderr.decode().split("\n") if ":CONSOLE" in line)

    return opened


def shown(dom: str) -> list[str]:
    """The severity and family of each finding that is not hidden."""
    tags = re.findall(r'<details class="finding[^>]*>', dom)
    visible = [tag for tag in tags if not re.search(r"\shidden(=|>|\s)", tag)]
    return [" ".join(re.findall(r'data-(?:severity|family)="(\w+)"', tag)) for tag in visible]


def count(dom: str) -> str:
    found = re.search(r'<output id="shown"[^>]*>([^<]*)<', dom)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("", ["high POD", "high SEC", "low IMG", "high POD", "medium IMG"]),
        ("severity=high", ["high POD", "high SEC", "high POD"]),
        ("family=IMG", ["low IMG", "medium IMG"]),
        ("status=waived", ["low IMG"]),
        ("status=fixed", ["high POD"]),
        ("fixable=1", ["high POD", "high SEC"]),
        ("q=dockerfile", ["medium IMG"]),
        ("q=DB_PASSWORD+gg-sec", ["high SEC"]),
        ("severity=high&family=SEC&status=new", ["high SEC"]),
        ("q=no-such-thing", []),
        ("severity=nonsense", ["high POD", "high SEC", "low IMG", "high POD", "medium IMG"]),
    ],
)
def test_filters(browse: Browse, fragment: str, expected: list[str]) -> None:
    dom, console = browse(html.render(sample_report(), TEXTS.get), fragment)
    assert shown(dom) == expected
    assert count(dom) == f"{len(expected)} of 5"
    assert not console
    hidden = re.search(r'<p class="empty" id="nothing"([^>]*)>', dom)
    assert hidden is not None
    assert ("hidden" in hidden[1]) == bool(expected)


def test_a_pressed_tile_is_the_chosen_severity(browse: Browse) -> None:
    dom, _ = browse(html.render(sample_report(), TEXTS.get), "severity=high")
    assert re.search(r'data-tile="high" aria-pressed="true"', dom)
    assert re.search(r'data-tile="medium" aria-pressed="false"', dom)


def test_a_link_to_a_finding_opens_it(browse: Browse) -> None:
    report = tree_report(*(finding(number=number) for number in range(20)))
    anchor = f"f-{report.findings[7].fingerprint}"
    dom, _ = browse(html.render(report, lambda _: DEPLOYMENT), anchor)
    opened = re.findall(r'<details class="finding[^>]*id="([^"]+)"[^>]*\sopen(?:=""|>|\s)', dom)
    assert opened == [anchor]


ATTACKS = (
    "<script>document.documentElement.dataset.owned='1'</script>",
    '"><img src=x onerror="document.documentElement.dataset.owned=1">',
    "</script><script>document.documentElement.dataset.owned='1'</script>",
    "<svg onload=document.documentElement.dataset.owned=1>",
    "<iframe src=https://evil.example/></iframe>",
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_of_the_repository_runs(browse: Browse, attack: str) -> None:
    text = f"a: {attack}\n"
    found = finding(path="f", text=text, marked="a:", message=attack, resource=Resource("v1", attack, attack, attack))
    found = found._replace(place=found.place._replace(path=attack))
    report = tree_report(found)._replace(coverage=Coverage((attack,), (Skipped(attack, attack),)))
    dom, console = browse(html.render(report, lambda _: text))
    assert "data-owned" not in dom.split("<body", maxsplit=1)[0]
    assert "Content Security Policy" not in console, "it was stopped only by the policy, not by the escaping"
    assert not console
    assert html_module.escape(attack, quote=False) in dom.replace("&quot;", '"')


def test_the_policy_stops_a_script_that_got_past_the_escaping(browse: Browse) -> None:
    page = html.render(sample_report(), TEXTS.get)
    broken = page.replace("<footer", ATTACKS[0] + '<img src="https://evil.example/x.png"><footer', 1)
    dom, console = browse(broken)
    assert "data-owned" not in dom.split("<body", maxsplit=1)[0]
    assert console.count("Content Security Policy") >= 2


@contextmanager
def listening(page: str) -> Iterator[tuple[int, list[str]]]:
    """Serves a page, and keeps what was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.headers['Host']}{self.path}")
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port, asked
        finally:
            server.shutdown()
            thread.join()


def requests_of(browser: str, profile: Path, page: str) -> list[str]:
    """What a browser asks for to show a page; every host in the world is the own server."""
    with listening(page) as (port, asked):
        world = f"--host-resolver-rules=MAP * 127.0.0.1:{port}"
        argv = (browser, *FLAGS, f"--user-data-dir={profile}", world, "--dump-dom", "http://report.example/r.html")
        subprocess.run(argv, capture_output=True, timeout=120, check=True)
        return [address for address in asked if "example" in address]


def test_nothing_is_asked_for(browser: str, tmp_path: Path) -> None:
    page = html.render(sample_report(), TEXTS.get)
    assert requests_of(browser, tmp_path / "one", page) == ["report.example/r.html"]
    leaky = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    leaky = leaky.replace("<footer", '<img src="http://evil.example/x.png"><footer', 1)
    assert "evil.example/x.png" in requests_of(browser, tmp_path / "two", leaky)


def test_thousands_are_filtered(browse: Browse) -> None:
    report = large_report(5000)
    dom, console = browse(html.render(report, lambda _: DEPLOYMENT), "severity=critical&family=SEC")
    expected = sum(f.severity.label == "critical" and f.rule_id == "GG-SEC-001" for f in report.findings)
    assert count(dom) == f"{expected} of 5,000"
    assert len(shown(dom)) == expected
    assert not console
