import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gitops_guard.publishers.escape import (
    cut,
    markdown_code,
    markdown_text,
    printable,
    summary_html,
    valid_json,
    valid_unicode,
)

HOSTILE = st.text(st.characters(exclude_categories=[]) | st.sampled_from("`|@#<>*_[]()!&\\~$:/\n\r\t\x1b\udc80\u202e"))
GFM = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@given(HOSTILE)
def test_printable_text_holds_no_control_character(text: str) -> None:
    assert all(char.isprintable() for char in printable(text))


def test_what_a_terminal_would_obey_is_shown_as_escape() -> None:
    assert printable("a\x1b[2Jb\r\n\u202e") == r"a\x1b[2Jb\r\n\u202e"


def test_plain_text_stays() -> None:
    assert printable("café 漢字") == "café 漢字"


@given(HOSTILE)
def test_valid_unicode_can_be_encoded(text: str) -> None:
    valid_unicode(text).encode()


def test_bytes_that_are_not_utf8_are_named() -> None:
    assert valid_unicode("caf\udce9 \ud800") == r"caf\xe9 \ud800"


@given(HOSTILE)
def test_json_with_surrogates_stays_the_same_json(text: str) -> None:
    written = valid_json(json.dumps({"x": text}, ensure_ascii=False))
    written.encode()
    assert json.loads(written) == {"x": valid_unicode(text)}


@given(HOSTILE)
def test_markdown_text_opens_nothing_but_code(text: str) -> None:
    tokens = GFM.parse(f"| a |\n|---|\n| x{markdown_text(text)} |\n")
    inline = [token for token in tokens if token.type == "inline"]
    assert len(inline) == 2
    kinds = {child.type for token in inline for child in token.children or ()}
    assert kinds <= {"text", "code_inline", "softbreak", "text_special"}


@given(HOSTILE)
def test_markdown_code_is_one_code_span(text: str) -> None:
    tokens = GFM.parse(f"| a |\n|---|\n| {markdown_code(text)} |\n")
    cells = [token.children or [] for token in tokens if token.type == "inline"]
    assert len(cells) == 2
    assert [child.type for child in cells[1] if child.type != "text_special"] in (["code_inline"], ["text"])


@pytest.mark.parametrize(
    "text", ["@acme/payments", "mail me@example.org", "#123", "GH-12", "www.evil.example", "https://evil.example/x"]
)
def test_nothing_pings_or_links(text: str) -> None:
    shown = markdown_text(text)
    for live in ("@a", "@e", "#1", "GH-", "www.", "://"):
        assert live not in shown


def test_backticks_in_pairs_are_code_and_others_are_text() -> None:
    assert markdown_text("set `a_b` to false") == "set `a_b` to false"
    assert markdown_text("one ` alone") == "one \\` alone"


def test_names_are_cut() -> None:
    assert cut("abcdef", 4) == "abc…"
    assert cut("abcd", 4) == "abcd"
    assert len(markdown_code("x" * 10_000)) < 400


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("let `A_FILE` name a file", "let <code>A_FILE</code> name a file"),
        ("</summary><b>", "&lt;/summary&gt;&lt;b&gt;"),
        ("`<img src=x>`", "<code>&lt;img src=x&gt;</code>"),
        ("ask @team of #12", "ask @\u200bteam of #\u200b12"),
        ("an odd ` one", "an odd ` one"),
    ],
)
def test_a_summary_holds_no_markup_of_others(text: str, shown: str) -> None:
    assert summary_html(text) == shown
