"""The hidden line of a comment: what is written is read again, and nothing else is believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.publishers.marks import MOVED, OPEN, SOLVED, Mark, read_mark, short, summary_mark

MARK = Mark(short("object"), short("a/b.yaml"), "0123abcd", frozenset({"aaaaaaaa", "bbbbbbbb"}))
HEX = st.text("0123456789abcdef", min_size=8, max_size=8)


@given(
    st.builds(
        Mark,
        HEX,
        HEX,
        HEX,
        st.frozensets(HEX, max_size=5),
        st.sampled_from([OPEN, SOLVED, MOVED]),
        st.integers(0, 10**18),
    )
)
def test_a_mark_is_read_as_it_was_written(mark: Mark) -> None:
    assert read_mark(f"{mark.line}\nSome text\n") == mark
    assert read_mark(f"{mark.line}\r\nSome text") == mark


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    assert read_mark(text) is None
    assert read_mark(text + "\n" + MARK.line) is None


@pytest.mark.parametrize(
    "body",
    [
        "",
        "> " + MARK.line,
        "text " + MARK.line,
        MARK.line + " and more",
        MARK.line.replace("object=", "thing="),
        MARK.line.replace("instance=0123abcd ", ""),
        MARK.line.replace("findings=", "findings=<script>"),
        summary_mark("0123abcd"),
        "<!-- gitops-guard:" + "a=b " * 20_000 + "-->",
    ],
)
def test_what_is_no_mark(body: str) -> None:
    assert read_mark(body) is None


@pytest.mark.parametrize("number", ["seven", "\N{ARABIC-INDIC DIGIT SEVEN}", "9" * 5000, "-1", ""])
def test_a_number_that_is_none_is_no_number(number: str) -> None:
    found = read_mark(MARK._replace(after=7).line.replace("after=7", f"after={number}"))
    assert found in {MARK, None}


def test_a_mark_stays_short_and_one_line() -> None:
    many = MARK._replace(findings=frozenset(f"{number:08x}" for number in range(5000)))
    assert len(many.line) < 4000
    assert "\n" not in many.line
