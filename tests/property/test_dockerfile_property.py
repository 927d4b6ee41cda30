import dockerfile  # type: ignore[import-not-found]
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_guard.syntax.dockerfile import DockerfileError, parse
from gitops_guard.syntax.image_reference import ImageReference
from gitops_guard.syntax.image_reference import parse as parse_reference

WORDS = st.text(alphabet="ab1:/.=-_@$\"'\\`#<{}é😀 ", max_size=8)
NAMES = st.from_regex(r"[a-z][a-z0-9]{0,4}", fullmatch=True)
GAPS = st.sampled_from([" ", "  ", "\t", " \\\n ", " \\\n# c\n  ", " \\\r\n\r\n ", " \\ \n"])
ENDS = st.sampled_from(["\n", "\r\n", "\n\n", "\n# c\n", " \n"])
KEYWORDS = st.sampled_from(["RUN", "run", "ENV", "COPY", "USER", "ARG", "LABEL", "CMD", "ONBUILD RUN", "  Expose"])
FLAGS = st.sampled_from(["", "--from=x ", '--a="b c" ', "--mount=type=bind,from=q ", "--x\\ y=1 ", "-- "])
HEREDOCS = st.sampled_from(
    ["RUN <<E\nFROM x\n# c\nE\n", "COPY <<-'A' <<B /x\n\ty\n\tA\nz\\\nB\n", "ONBUILD RUN <<E\na\nE\n"]
)


@st.composite
def plausible(draw: st.DrawFn) -> str:
    pieces = [draw(st.sampled_from(["", "# escape=`\n", "# x\n", "ARG A=1\n"])), "FROM", draw(GAPS), draw(NAMES), "\n"]
    for _ in range(draw(st.integers(0, 5))):
        if draw(st.booleans()):
            pieces.append(draw(HEREDOCS))
            continue
        pieces += [draw(KEYWORDS), draw(GAPS), draw(FLAGS)]
        for _ in range(draw(st.integers(1, 3))):
            pieces += [draw(WORDS), draw(GAPS)]
        pieces += [draw(WORDS), draw(ENDS)]
    return "".join(pieces)


@given(plausible())
@settings(max_examples=400)
def test_values_are_those_of_buildkit_and_stand_where_they_are_said_to(text: str) -> None:
    try:
        parsed = parse(text)
    except DockerfileError:
        return
    expected = dockerfile.parse_string(text)
    assert len(parsed.instructions) == len(expected)
    for found, theirs in zip(parsed.instructions, expected, strict=True):
        inner = found.trigger or found
        assert found.keyword == theirs.cmd.upper()
        assert found.first_line == theirs.start_line
        assert found.last_line <= theirs.end_line
        assert tuple(token.text for token in inner.values) == theirs.value
        assert theirs.original.strip().startswith(found.logical.text.strip())
        assert text[slice(*found.span)] == found.source
        assert found.source[:1].strip()
        assert not found.source.endswith(("\n", "\r"))
        if found.trigger is None:
            assert tuple(token.text for token in found.flags) == theirs.flags
        for token in (*inner.flags, *inner.values):
            assert token.span is None or text[slice(*token.span)] == token.text
        if inner.keyword in {"COPY", "USER", "EXPOSE"} and "\\" not in found.source and not found.logical.starts[1:]:
            assert None not in inner.token_spans


@given(plausible())
@settings(max_examples=200)
def test_every_character_of_a_shell_text_is_where_it_says(text: str) -> None:
    try:
        parsed = parse(text)
    except DockerfileError:
        return
    for shell in parsed.shell_texts():
        if shell.located and not shell.instruction.is_json:
            for number, char in enumerate(shell.text):
                assert text[slice(*shell.span(number, number + 1))] == char


@given(plausible())
@settings(max_examples=200)
def test_an_inserted_user_is_the_user(text: str) -> None:
    try:
        parsed = parse(text)
    except DockerfileError:
        return
    at = parsed.final_stage.insertion_offset_for_user()
    if at is None:
        return
    changed = text[: at.offset] + at.before + "USER inserted" + parsed.newline + text[at.offset :]
    user = parse(changed).effective_user()
    assert user is not None
    assert user.text == "inserted"
    assert len(parse(changed).instructions) == len(parsed.instructions) + 1


def refused_or_read(text: str) -> None:
    try:
        parsed = parse(text)
    except DockerfileError:
        return
    for use in parsed.image_uses():
        assert 0 <= use.span.start <= use.span.end <= len(text)
    parsed.effective_user()
    parsed.shell_texts()


@given(st.text(alphabet="aA$ {}:-+?\\`\"'=\xa0\x1c\u2028/", max_size=30))
@settings(max_examples=300)
def test_no_directive_or_name_does_more_than_be_refused(text: str) -> None:
    for whole in (
        f"# syntax={text}\nFROM a\n",
        f"# escape={text}",
        f"ARG A={text}\nFROM $A\n",
        f"FROM a\nUSER {text}\n",
    ):
        refused_or_read(whole)


@given(st.text(max_size=200) | st.text(alphabet="FROM aRUN<E\n\\`#={}\"'$\r\t\x0b\x1c\x85\xa0", max_size=80))
@settings(max_examples=400)
def test_no_text_does_more_than_be_refused(text: str) -> None:
    refused_or_read(text)


@given(st.text(alphabet="abAB01.:/@-_[]$ ", max_size=40))
@settings(max_examples=400)
def test_a_reference_reads_its_own_forms(text: str) -> None:
    reference = parse_reference(text)
    if isinstance(reference, ImageReference):
        assert parse_reference(reference.normalized) == reference
        assert parse_reference(reference.familiar) == reference
