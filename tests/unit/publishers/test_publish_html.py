import re
import time
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_guard.finding import HIGH, SAFE, FixOffer, Resource
from gitops_guard.publishers import html
from gitops_guard.publishers.rule_page import inline, to_html
from gitops_guard.report import Comparison, Coverage, Report, RuleSummary, SkippedRule, WaiverNote
from gitops_guard.source_file import Skipped
from unit.publishers.sample_report import (
    DEPLOYMENT,
    PATH,
    SECRET,
    TEXTS,
    finding,
    large_report,
    patch,
    privileged_finding,
    sample_report,
    tree_report,
)


class Page(HTMLParser):
    """What a browser would make of a page, as far as tests ask."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        del tag
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self._open[-1] if self._open else "", []).append(data)

    def findings(self) -> list[dict[str, str | None]]:
        return [
            attributes for _, attributes in self.tags if attributes.get("class", "") and "data-severity" in attributes
        ]


def test_a_page_for_people() -> None:
    text = html.render(sample_report(), TEXTS.get)
    assert "<h1>3 new problems, 1 fixed, 1 waived, 1 file could not be read</h1>" in text
    assert "Fails: 2 at high or above" in text
    assert "<mark>privileged: true</mark>" in text
    assert '<span class="add">+            privileged: false\n</span>' in text
    assert "<summary>Why GG-SEC-001 reports this</summary>" in text
    assert "not UTF-8: byte 0xff in line 3" in text
    assert len(Page(text).findings()) == 5


def test_the_secret_is_masked() -> None:
    text = html.render(sample_report(), TEXTS.get)
    assert SECRET not in text
    assert "<mark>************</mark>" in text
    assert "A secret is masked in this patch" in text


def test_each_finding_says_what_the_filters_ask() -> None:
    found = {f["data-search"]: f for f in Page(html.render(sample_report(), TEXTS.get)).findings()}
    secret = next(f for search, f in found.items() if "gg-sec-001" in (search or ""))
    assert secret["data-severity"] == "high"
    assert secret["data-family"] == "SEC"
    assert secret["data-status"] == "new"
    assert secret["data-fixable"] == "1"


def test_nothing_is_loaded_and_only_the_own_script_runs() -> None:
    text = html.render(sample_report(), TEXTS.get)
    page = Page(text)
    for tag, attributes in page.tags:
        assert tag not in {"img", "iframe", "object", "embed", "link", "base", "audio", "video"}
        assert not {"src", "style", "action", "srcset"} & attributes.keys()
        assert not any(name.startswith("on") for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
    policy = next(a["content"] or "" for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        digest = sha256("".join(page.texts[tag]).encode()).digest()
        assert f"{tag}-src 'sha256-{b64encode(digest).decode()}'" in policy
    assert "@import" not in text
    assert "url(" not in text


def test_a_patch_that_solves_several_is_shown_once() -> None:
    one = privileged_finding()
    other = one._replace(rule_id="GG-POD-002", fingerprint="f" * 32)
    text = html.render(tree_report(one, other), TEXTS.get)
    assert text.count('<pre class="diff"') == 1
    assert "One proved patch for 2 problems of this object" in text
    assert f'It is part of <a href="#f-{one.fingerprint}">the patch of this object</a>' in text


def test_a_huge_patch_is_cut_and_it_is_said() -> None:
    after = DEPLOYMENT + "# x\n" * 20_000
    found = finding(fix=FixOffer("grow", SAFE, "", patch(PATH, DEPLOYMENT, after)))
    text = html.render(tree_report(found), TEXTS.get)
    assert len(text) < 400_000
    assert "more characters: gitops-guard fix --diff shows all" in text


def test_a_clean_page() -> None:
    text = html.render(Report((), Coverage(scanned=("a",)), fail_level=HIGH), TEXTS.get)
    assert "<h1>No problems</h1>" in text
    assert "Passes: nothing at high or above" in text
    assert "Nothing to report." in text


def test_a_scan_that_failed_does_not_look_clean() -> None:
    report = Report((), Coverage(failed=(Skipped("a", "cut off"),)), fail_level=HIGH)
    text = html.render(report, TEXTS.get)
    assert "Incomplete: not every file could be read" in text
    assert "Passes" not in text


def test_files_with_the_worst_findings_come_first() -> None:
    text = html.render(sample_report(), TEXTS.get)
    assert text.index(">apps/checkout/deployment.yaml</span>") < text.index(">Dockerfile</span>")


def hostile_page(text: str) -> str:
    body = f"a: {text}\nb: c\n"
    found = finding(path="f", text=body, marked="a:", message=text, resource=Resource("v1", text, text, text, text))
    found = found._replace(
        rule_name=text,
        place=found.place._replace(path=text or "x", keypath=(text,)),
        controls=(f"nsa:{text}",),
        suppressed_by=text,
        origin=text,
        fix=FixOffer(text, SAFE, text, patch("x", body, body + text)),
    )
    refused = found._replace(fix=FixOffer(text, SAFE, text, None, text), fingerprint="e" * 32)
    report = Report(
        findings=(found, refused),
        coverage=Coverage((text,), (Skipped(text, text),), (Skipped(text, text),), (text,)),
        comparison=Comparison(text, "0" * 40, text),
        rules=(RuleSummary(found.rule_id, text, text, "POD", HIGH, (), (), None, text),),
        skipped_rules=(SkippedRule(text, text),),
        waivers=(WaiverNote(text, text, text, text, text, "void", text),),
        configuration=text,
        kubernetes_version=text,
    )
    return html.render(report, lambda _: body)


PLAIN = Page(hostile_page("x"))


@pytest.mark.parametrize(
    "attack",
    [
        "<script>document.title='owned'</script>",
        "</script><script>alert(1)</script>",
        '" onmouseover="alert(1)" x="',
        "' autofocus onfocus='alert(1)",
        "</style><img src=x onerror=alert(1)>",
        "]]><!--",
        "{{ 7*7 }}{% raw %}",
        "javascript:alert(1)",
        "`</code><script>`",
        "- x\n# <b>y</b>\n```\n<i>\n```\n**<u>**",
        "\x1b[31m\u202e\udce9\ud800",
    ],
)
def test_attacks_add_no_element_and_no_attribute(attack: str) -> None:
    text = hostile_page(attack)
    text.encode()
    allowed = {tag for tag, _ in PLAIN.tags} | {"code", "pre", "h4", "ul", "li", "p", "strong"}
    page = Page(text)
    assert {tag for tag, _ in page.tags} <= allowed
    assert [t for t, _ in page.tags].count("script") == 1
    names = {name for _, attributes in PLAIN.tags for name in attributes}
    assert {name for _, attributes in page.tags for name in attributes} <= names
    assert not re.search("[\x1b\u202e]", text)


@settings(max_examples=40)
@given(st.text(st.characters(exclude_categories=[]) | st.sampled_from("<>&\"'`=/{%}#-*\n"), max_size=60))
def test_hostile_text_adds_no_element(text: str) -> None:
    page = Page(hostile_page(text))
    assert [tag for tag, _ in page.tags if tag in {"script", "style", "meta", "a", "form", "input"}] == [
        tag for tag, _ in PLAIN.tags if tag in {"script", "style", "meta", "a", "form", "input"}
    ]


def test_rule_pages_become_html() -> None:
    page = "First.\n\n## Why\nSome `code` and **weight**\ngoes on.\n\n- one\n  more\n- two\n\n```yaml\na: <b>\n```\n"
    assert to_html(page) == (
        "<p>First.</p>\n<h4>Why</h4>\n<p>Some <code>code</code> and <strong>weight</strong> goes on.</p>\n"
        "<ul><li>one more</li><li>two</li></ul>\n<pre>a: &lt;b&gt;</pre>"
    )


def test_a_lone_backtick_is_text() -> None:
    assert inline("a ` <b>") == "a ` &lt;b&gt;"


def test_five_thousand_findings_are_written_in_seconds() -> None:
    start = time.process_time()
    text = html.render(large_report(5000), lambda _: DEPLOYMENT)
    assert time.process_time() - start < 8
    assert len(text) < 15_000_000
