import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gitops_guard.finding import HIGH, SAFE, FixOffer, Patch, Resource
from gitops_guard.publishers import markdown
from gitops_guard.publishers.markdown import Surroundings
from gitops_guard.report import Comparison, Coverage, Report, SkippedRule, WaiverNote
from gitops_guard.source_file import Skipped
from unit.publishers.sample_report import SECRET, finding, large_report, sample_report

GFM = MarkdownIt("commonmark").enable(["table", "strikethrough"])
BLOB = "https://github.example/o/r/blob/abc"
OWN_HTML = {"details", "summary", "/summary", "/details", "sub", "/sub", "br"}


def rendered(text: str) -> str:
    return str(GFM.render(text))


def test_the_verdict_comes_first() -> None:
    text = markdown.render(sample_report())
    assert text.startswith("## gitops-guard: 3 new problems, 1 fixed, 1 waived, 1 file could not be read\n")
    assert "Compared with `main` at `4f1a5b1`. The check fails on **high** and above: 2 are.\n" in text


def test_the_numbers() -> None:
    text = markdown.render(sample_report())
    assert "| **new in this change** | 0 | 2 | 1 | 0 |" in text
    assert "| fixed by it | 0 | 1 | 0 | 0 |" in text
    assert "| already there (not shown) | 0 | 14 | 37 | 9 |" in text


def test_it_is_tables_and_not_text_that_looks_like_them() -> None:
    html = rendered(markdown.render(sample_report()))
    assert html.count("<table>") == 3
    assert "|" not in re.sub(r"<code>.*?</code>", "", html)


def test_rows_link_to_the_line_and_name_the_fix() -> None:
    text = markdown.render(sample_report(), Surroundings(blob=BLOB))
    where = f"[`apps/checkout/deployment.yaml:16`]({BLOB}/apps/checkout/deployment.yaml#L16)"
    assert f"| high | {where} | DB\\_PASSWORD holds" in text
    assert "move it to a Secret mounted read-only (needs review) |" in text
    assert BLOB not in markdown.render(sample_report())


def test_what_was_posted_elsewhere_is_said() -> None:
    report = sample_report()
    around = Surroundings(offers={report.findings[2].fingerprint: "suggested above"})
    assert "| suggested above |" in markdown.render(report, around)


def test_the_way_to_fix_everything() -> None:
    here = "run `gitops-guard fix --write` in a checkout of this branch."
    assert f"at once:** {here}" in markdown.render(sample_report())
    commanded = markdown.render(sample_report(), Surroundings(commands=True))
    assert f"at once:** comment `/gitops-guard fix`, or {here}" in commanded
    both = markdown.render(sample_report(), Surroundings(commands=True, patch=f"{BLOB}/p"))
    assert f"fix`, or apply the [patch]({BLOB}/p): `git apply gitops-guard.patch`, or {here}" in both
    unfixed = sample_report()._replace(findings=tuple(f._replace(fix=None) for f in sample_report().findings))
    assert "Fix everything" not in markdown.render(unfixed)


def test_what_was_not_looked_at_is_there() -> None:
    text = markdown.render(sample_report())
    assert "What was looked at: 2 of 4 changed files</summary>" in text
    assert "| `charts/web/templates/deployment.yaml` | a Helm template |" in text
    assert "- `apps/bad.yaml`: not UTF-8: byte 0xff in line 3" in text
    assert "- GG-NET-001: switched off in .gitops-guard.yaml" in text


def test_waivers_with_what_is_wrong_with_them_first() -> None:
    text = markdown.render(sample_report())
    states = re.findall(r"^- (void|unused|used): ", text, re.MULTILINE)
    assert states == ["void", "unused", "used"]
    assert "- used: `GG-IMG-001` in `apps/` (owner platform, SEC-142, expires 2027-01-31)" in text


def test_a_clean_report() -> None:
    text = markdown.render(Report((), Coverage(scanned=("a", "b")), fail_level=HIGH))
    assert text.startswith("## gitops-guard: no problems\n")
    assert "nothing here is" in text
    assert "Problem | Fix" not in text
    assert "Waivers" not in text


def test_a_scan_that_failed_does_not_look_clean() -> None:
    text = markdown.render(Report((), Coverage(failed=(Skipped("a", "cut off"),)), fail_level=HIGH))
    assert "1 file could not be read" in text.split("\n")[0]
    assert "nothing is known about" in text


def test_no_secret() -> None:
    assert SECRET not in markdown.render(sample_report())


@pytest.mark.parametrize("size", [1, 200, 5000])
def test_it_fits_a_comment_in_whole_rows(size: int) -> None:
    text = markdown.render(large_report(size), Surroundings(blob=BLOB))
    assert len(text) <= 65_536
    rows = [line for line in text.split("\n") if line.startswith(("| critical | [", "| high | [", "| medium | ["))]
    assert all(row.endswith(" |") for row in rows)
    left_out = re.search(r"\*\*([\d,]+) more problems do not fit here", text)
    shown = text.count(f"]({BLOB}")
    assert shown + (int(left_out[1].replace(",", "")) if left_out else 0) == size
    assert (left_out is not None) == (size == 5000)
    assert text.rstrip().endswith("</sub>")


def hostile_report(text: str) -> Report:
    found = finding(message=text, resource=Resource("v1", text, text, text, text))
    found = found._replace(place=found.place._replace(path=text or "x"))
    waived = found._replace(status="waived", suppressed_by=text)
    return Report(
        findings=(found, waived),
        coverage=Coverage((text,), (Skipped(text, text),), (Skipped(text, text),)),
        comparison=Comparison(text, "0" * 40, text),
        skipped_rules=(SkippedRule("GG-X-1", text),),
        waivers=(WaiverNote(text, text, text, text, text, "void", text),),
        configuration=text,
        kubernetes_version=text,
    )


@settings(max_examples=150)
@given(
    st.text(st.characters(exclude_categories=[]) | st.sampled_from("`|@#<>*_[]()!&\\~:/\n\r\u2028-")).map(
        lambda text: text[:120]
    )
)
def test_names_of_the_repository_open_no_markup(text: str) -> None:
    out = markdown.render(hostile_report(text), Surroundings(blob=BLOB))
    out.encode()
    tokens = GFM.parse(out)
    for token in tokens:
        if token.type == "html_block":
            assert set(re.findall(r"<([^ >]+)", token.content)) <= OWN_HTML
        for child in token.children or ():
            assert child.type not in {"image", "s_open", "em_open"}
            if child.type == "html_inline":
                assert child.content in {"<br>", "<sub>", "</sub>"}
            if child.type == "link_open":
                assert str(child.attrGet("href")).startswith(BLOB)
    assert sum(token.type == "table_open" for token in tokens) == 3
    assert sum(token.type == "heading_open" for token in tokens) == 1


@pytest.mark.parametrize(
    "attack",
    [
        "@acme/everyone",
        "fixes #1",
        "https://evil.example/",
        "</details><script>alert(1)</script>",
        "<!-- gitops-guard:marker -->",
        "![x](https://evil.example/p.png)",
        "a\n## heading\n",
        "x | y | z",
        "``` `` `",
    ],
)
def test_attacks(attack: str) -> None:
    out = markdown.render(hostile_report(attack))
    html = rendered(out)
    outside = re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)
    for live in ("@acme", "#1", "://evil", "<script", "<!--", "<img", "<h2>heading"):
        assert live not in outside
    assert html.count("<h2>") == 1


def crowded(rows: int, patch: int) -> Report:
    """So many problems, and five patches of several places with so many characters each."""
    place = sample_report().findings[0]
    diff = "".join(f"+{number:099d}\n" for number in range(patch // 100))
    combined = Patch("all of them", SAFE, "", diff, (), ())
    fix = FixOffer("pin it", SAFE, combined=combined)
    many = [place._replace(message=f"problem {number}", fix=fix if number < 5 else None) for number in range(rows)]
    return sample_report()._replace(findings=tuple(many))


def test_whole_sections_make_way_and_the_page_says_which() -> None:
    text = markdown.render(crowded(30, 20_000))
    assert len(text) <= markdown.COMMENT_LIMIT
    assert "**No room here for the patches of several places**" in text
    assert "One patch for" not in text
    assert "problem 29" in text
    assert "What was looked at" in text
    assert "do not fit" not in text


def test_a_section_that_fits_stays_beside_as_many_rows_as_fit() -> None:
    text = markdown.render(crowded(2_900, 2_000))
    assert len(text) <= markdown.COMMENT_LIMIT
    assert text.count("One patch for") == 5
    assert "No room here" not in text
    assert "more problems do not fit here" in text


@pytest.mark.parametrize("limit", [3000, 6000, 12_000])
def test_it_fits_whatever_is_in_it(limit: int) -> None:
    long = "x" * 4000
    coverage = Coverage((), tuple(Skipped(long, "a template") for _ in range(30)), (Skipped(long, long),) * 30)
    waivers = tuple(WaiverNote("GG-POD-001", long, "owner", "T-1", "2030-01-01", "used") for _ in range(30))
    report = crowded(500, 5_000)._replace(coverage=coverage, waivers=waivers)
    text = markdown.render(report, limit=limit)
    assert len(text) <= limit
    assert "the files that could not be read" in text
    assert "30 files could not be read" in text
    assert text.count("<details>") == text.count("</details>")
    assert text.count("```") % 2 == 0


def test_a_summary_is_worth_a_first_comment_where_something_was_found() -> None:
    compared = Comparison("main", "4f1a5b1", "head")
    clean = Report((), Coverage(("a.yaml",)), comparison=compared, fixed=sample_report().findings[:1])
    assert not markdown.worth_posting(clean)
    assert markdown.worth_posting(sample_report())
    assert markdown.worth_posting(clean._replace(coverage=Coverage(failed=(Skipped("a.yaml", "broken"),))))
