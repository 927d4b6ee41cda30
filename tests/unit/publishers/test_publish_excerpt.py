import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.finding import Place
from gitops_guard.publishers.excerpt import Excerpts
from gitops_guard.text import LineIndex, Span
from unit.publishers.sample_report import (
    DEPLOYMENT,
    PATH,
    SECRET,
    TEXTS,
    finding,
    sample_report,
    secret_finding,
    tree_report,
)


def test_the_secret_is_masked_and_marked() -> None:
    excerpt = Excerpts(sample_report(), TEXTS.get).of(secret_finding())
    assert excerpt is not None
    row = excerpt.rows[-1]
    assert row.text.strip() == "value: ************"
    assert row.text[row.start : row.end] == "************"


def test_a_secret_is_masked_in_the_excerpt_of_another_finding() -> None:
    near = finding(marked="DB_HOST")
    excerpt = Excerpts(tree_report(near, secret_finding()), TEXTS.get, before=3, after=2).of(near)
    assert excerpt is not None
    assert SECRET not in "".join(row.text for row in excerpt.rows)
    assert any("*" in row.text for row in excerpt.rows)


@given(st.data())
def test_no_character_of_a_secret_is_shown(data: st.DataObject) -> None:
    lines = data.draw(st.lists(st.text("ab \t", max_size=30), min_size=1, max_size=8))
    text = "\n".join(lines)
    offsets = st.integers(0, len(text))
    masked = tuple(Span(*sorted(data.draw(st.tuples(offsets, offsets)))) for _ in range(data.draw(st.integers(0, 4))))
    hidden = list(text)
    for span in masked:
        for offset in range(span.start, span.end):
            if hidden[offset] != "\n":
                hidden[offset] = "S"
    secret = "".join(hidden)
    span = Span(*sorted(data.draw(st.tuples(offsets, offsets))))
    index = LineIndex(secret)
    place = Place("f", 0, (), span, index.position(span.start), index.position(span.end))
    found = finding(masked=masked)._replace(place=place)
    excerpt = Excerpts(tree_report(found), lambda _: secret, before=2, most=3, after=1).of(found)
    assert excerpt is not None
    for row in excerpt.rows:
        assert "S" not in row.text
        assert 0 <= row.start <= row.end <= len(row.text)
        assert row.text.count("*") <= 12 * 4
        untouched = secret.split("\n")[row.number - 1]
        if "S" not in untouched:
            assert row.text == untouched


def test_a_mask_does_not_tell_the_length_of_a_long_secret() -> None:
    text = "key: " + "x" * 500
    found = finding(path="f", text=text, marked="x" * 500, masked=(Span(5, 505),))
    excerpt = Excerpts(tree_report(found), lambda _: text).of(found)
    assert excerpt is not None
    assert excerpt.rows[0].text == "key: " + "*" * 12


def test_a_long_line_is_cut_around_its_mark() -> None:
    text = "a" * 100_000 + "MARK" + "b" * 100_000
    found = finding(path="f", text=text, marked="MARK")
    excerpt = Excerpts(tree_report(found), lambda _: text).of(found)
    assert excerpt is not None
    row = excerpt.rows[0]
    assert len(row.text) <= 402
    assert row.text[row.start : row.end] == "MARK"


def test_many_marked_lines_are_counted() -> None:
    marked = DEPLOYMENT[DEPLOYMENT.index("- name: api") : DEPLOYMENT.index("            - name: DB_HOST")].rstrip()
    found = finding(marked=marked)
    excerpt = Excerpts(tree_report(found), TEXTS.get, most=3).of(found)
    assert excerpt is not None
    assert excerpt.more == marked.count("\n") + 1 - 3


def test_a_file_that_is_gone_or_changed_has_no_excerpt() -> None:
    found = finding()
    assert Excerpts(tree_report(found), lambda _: None).of(found) is None
    assert Excerpts(tree_report(found), lambda _: "x\n").of(found) is None


def test_no_place_no_excerpt() -> None:
    nowhere = finding()._replace(place=finding().place._replace(path=""))
    assert Excerpts(tree_report(nowhere), lambda _: DEPLOYMENT).of(nowhere) is None


def test_each_file_is_read_once() -> None:
    reads: list[str] = []

    def read(path: str) -> str:
        reads.append(path)
        return TEXTS[path]

    excerpts = Excerpts(sample_report(), read)
    for found in sample_report().findings:
        excerpts.of(found)
    assert sorted(reads) == sorted({PATH, "Dockerfile"})


@pytest.mark.parametrize(
    "text",
    [
        "MARK\n- name: DB_PASSWORD\n  value: hunter2-Tr0ub4\n",
        "- value: 'hunter2-Tr0ub4'\n  name: DB_PASSWORD\nMARK\n",
        'MARK\nenv: [{name: DB_PASSWORD, value: "hunter2-Tr0ub4"}]\n',
        '{"name": "DB_PASSWORD", "value": "hunter2-Tr0ub4"}\nMARK\n',
        "MARK\ndbPassword: hunter2-Tr0ub4\n",
        "MARK\nENV DB_PASSWORD=hunter2-Tr0ub4 OTHER=x\n",
        "MARK\nENV DB_PASSWORD hunter2-Tr0ub4\n",
        "{" + '"a": 1, ' * 20_000 + '"MARK": {"name": "DB_PASSWORD", "value": "hunter2-Tr0ub4"}' + ', "b": 2' * 20_000,
        "MARK\nurl: postgres://app:hunter2-Tr0ub4@db/app\n",
    ],
)
def test_a_secret_that_no_finding_speaks_of_is_masked(text: str) -> None:
    found = finding(path="f", text=text, marked="MARK")
    excerpt = Excerpts(tree_report(found), lambda _: text, before=2, after=2).of(found)
    assert excerpt is not None
    shown = "\n".join(row.text for row in excerpt.rows)
    assert "hunter2" not in shown
    assert "Tr0ub4" not in shown
    assert "*****" in shown


@pytest.mark.parametrize(
    "text",
    [
        "MARK\nautomountServiceAccountToken: true\nsecretName: db\n",
        "MARK\n- name: DB_PASSWORD_FILE\n  value: /run/secrets/db/password\n",
        "MARK\n- name: DB_PASSWORD\n  valueFrom: {secretKeyRef: {name: db, key: password}}\n",
        "MARK\nimage: registry.example.org/api:1.4\nreplicas: 3\n",
    ],
)
def test_what_is_no_secret_is_shown(text: str) -> None:
    found = finding(path="f", text=text, marked="MARK")
    excerpt = Excerpts(tree_report(found), lambda _: text, before=2, after=2).of(found)
    assert excerpt is not None
    assert "\n".join(row.text for row in excerpt.rows) == text.rstrip("\n")
