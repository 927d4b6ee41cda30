import subprocess
import sys

import pytest

from gitops_guard.errors import GuardError
from gitops_guard.syntax.dockerfile import Dockerfile, DockerfileError, Instruction, Token, parse


def written(parsed: Dockerfile, token: Token | None) -> str:
    assert token is not None
    assert token.span is not None
    return parsed.text[token.span.start : token.span.end]


def only(parsed: Dockerfile, keyword: str) -> Instruction:
    (found,) = [one for one in parsed.instructions if one.keyword == keyword]
    return found


def test_every_value_and_flag_is_found_where_it_is_written() -> None:
    parsed = parse(
        "from --platform=linux/amd64 alpine:3.20 AS base\n"
        "  USER\tapp:grp\n"
        "COPY --chown=1:1 --from=nginx:1 /a /b\n"
        'ENV A=1 B="two words" C=\n'
        "ENV OLD form of it\n"
        'CMD ["sh", "-c", "x"]\n'
        'HEALTHCHECK --interval=3s CMD ["curl", "x"]\n'
        "EXPOSE 80 80/udp"
    )
    for instruction in parsed.instructions:
        assert parsed.text[slice(*instruction.span)] == instruction.source
        assert instruction.source.upper().startswith(instruction.keyword)
        for token in (*instruction.flags, *instruction.values):
            assert written(parsed, token) == token.text
    first, second = [one for one in parsed.instructions if one.keyword == "ENV"]
    assert [(p.name.text, p.value and p.value.text) for p in first.pairs()] == [
        ("A", "1"),
        ("B", '"two words"'),
        ("C", ""),
    ]
    assert [(p.name.text, p.value and p.value.text) for p in second.pairs()] == [("OLD", "form of it")]
    copy = only(parsed, "COPY")
    assert written(parsed, copy.flag("from")) == "nginx:1"
    assert copy.flag("chmod") is None
    assert [token.text for token in only(parsed, "CMD").values] == ["sh", "-c", "x"]
    assert only(parsed, "CMD").is_json
    assert not only(parsed, "EXPOSE").is_json


def test_values_across_continuations_comments_and_blank_lines() -> None:
    parsed = parse("FROM alpine \\\n# a comment\n\n  AS \\\n  base\nRUN a \\\n  # c\n  && b\nUSER app\n")
    first = parsed.instructions[0]
    assert [written(parsed, token) for token in first.values] == ["alpine", "AS", "base"]
    assert (first.first_line, first.last_line) == (1, 5)
    run = only(parsed, "RUN")
    assert run.token_spans == (None,)
    assert run.arguments == "a   && b"
    assert run.source == "RUN a \\\n  # c\n  && b"


def test_a_name_split_by_a_continuation_has_no_exact_place() -> None:
    parsed = parse("FROM alp\\\nine:3.20\n")
    (use,) = parsed.image_uses()
    assert (use.text, use.exact, use.editable, use.span) == ("alpine:3.20", False, None, parsed.instructions[0].span)


def test_offsets_count_code_points_and_carriage_returns() -> None:
    text = "# 日本 😀\r\nFROM alpine\r\nRUN echo 'ü' \\\r\n  😀\r\nUSER größe\r\n"
    parsed = parse(text)
    assert [text[slice(*one.span)] for one in parsed.instructions] == [
        "FROM alpine",
        "RUN echo 'ü' \\\r\n  😀",
        "USER größe",
    ]
    assert written(parsed, only(parsed, "USER").values[0]) == "größe"
    assert parsed.newline == "\r\n"


def test_the_other_escape_character() -> None:
    parsed = parse("# escape=`\nFROM a\nCOPY C:\\x `\n  C:\\y\n")
    assert [written(parsed, token) for token in only(parsed, "COPY").values] == ["C:\\x", "C:\\y"]
    assert parsed.escape == "`"


@pytest.mark.parametrize(
    ("head", "escape"),
    [
        ("# syntax=a\n# escape=`\n", "`"),
        (" #ESCAPE = `\t\r\n", "`"),
        ("# check=skip=all\n# escape=`\n", "`"),
        ("# escape=`\n# syntax=a\n# check=error=true\n", "`"),
        ("# escape=\\\n", "\\"),
        ("#!/bin/x\n# escape=`\n", "\\"),
        ("# a=b\n# escape=`\n", "\\"),
        ("\n# escape=`\n", "\\"),
        ("#\xa0escape=`\n", "\\"),
        ("#\vescape=`\n", "\\"),
        ("# escape\x85=`\n", "\\"),
        ("## escape=`\n", "\\"),
    ],
)
def test_the_escape_directive_counts_only_at_the_top(head: str, escape: str) -> None:
    parsed = parse(f"{head}FROM a\nRUN b {escape}\n  c\nUSER d\n")
    assert parsed.escape == escape
    assert [parsed.text[slice(*one.span)] for one in parsed.instructions] == [
        "FROM a",
        f"RUN b {escape}\n  c",
        "USER d",
    ]
    assert only(parsed, "RUN").arguments == "b   c"


def test_quoted_flags_and_escaped_strings_have_values_but_no_place() -> None:
    parsed = parse('FROM a\nRUN --mount="type=bind,from=busybox" x\nCMD ["a\\u0041", "b"]\n')
    assert [flag.text for flag in only(parsed, "RUN").flags] == ["--mount=type=bind,from=busybox"]
    assert only(parsed, "RUN").flags[0].span is None
    assert only(parsed, "RUN").values[0].text == "x"
    assert [token.text for token in only(parsed, "CMD").values] == ["aA", "b"]
    assert only(parsed, "CMD").values[0].span is None
    assert written(parsed, only(parsed, "CMD").values[1]) == "b"


def test_heredocs() -> None:
    parsed = parse("FROM a\nRUN <<EOF sh && <<-'X' x\n echo\nEOF\n\tFROM no\n\tX\nCOPY <<F /f\nUSER no\nF\nUSER yes\n")
    run = only(parsed, "RUN")
    assert [(h.name, h.expands, parsed.text[slice(*h.span)]) for h in run.heredocs] == [
        ("EOF", True, " echo\n"),
        ("X", False, "\tFROM no\n"),
    ]
    assert run.source.endswith("\tX")
    assert [one.keyword for one in parsed.instructions] == ["FROM", "RUN", "COPY", "USER"]
    assert len(parsed.image_uses()) == 1


def test_onbuild_holds_a_whole_instruction() -> None:
    parsed = parse(
        "FROM a\n"
        "ONBUILD COPY --from=nginx:1 --chown=1 /x \\\n /y\n"
        'ONBUILD CMD ["a", "b"]\n'
        "ONBUILD RUN <<E\necho\nE\n"
        "ONBUILD USER app\n"
    )
    inner = [one.trigger for one in parsed.instructions if one.trigger]
    assert [one.keyword for one in inner] == ["COPY", "CMD", "RUN", "USER"]
    assert all(one.on_build for one in inner)
    assert written(parsed, inner[0].flag("from")) == "nginx:1"
    assert [written(parsed, token) for token in inner[0].values] == ["/x", "/y"]
    assert [written(parsed, token) for token in inner[1].values] == ["a", "b"]
    assert inner[1].is_json
    assert inner[2].heredocs[0].content == "echo\n"
    assert inner[2].span.end == parsed.text.index("\nONBUILD USER")
    assert written(parsed, inner[3].values[0]) == "app"


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("", "no instructions", None),
        ("# only\n\n", "no instructions", None),
        ("FROM", "FROM without an image", 1),
        ("\n\nFROM a b c d\n", "FROM takes", 3),
        ("FROM a AS 1x\n", "name of the stage", 1),
        ("FROM a\nFOO bar\n", "unknown instruction: FOO", 2),
        ("RUN x\nFROM a\n", "RUN before the first FROM", 1),
        ("ARG X\n", "no FROM", None),
        ("FROM a\nUSER\n", "USER without an argument", 2),
        ("FROM a\nONBUILD\n", "ONBUILD without", 2),
        ("FROM a\nONBUILD FROM b\n", "FROM is not allowed in ONBUILD", 2),
        ("FROM a\nONBUILD ENV x\n", "two arguments|a name and a value", 2),
        ("FROM a\nENV A=1 \\\n B=2\n\n# c\nENV X\nENV Y\n", "a name and a value", 6),
        ("FROM a\nLABEL a=b c\n", "NAME=VALUE", 2),
        ("FROM a\nRUN <<A\nok\nA\nRUN <<B\nnever ends\n", "without an end", 5),
        ("FROM a\nRUN x \\\n  <<B <<C\nB\n", "without an end", 2),
        ("# escape=x\nFROM a\n", "escape directive", None),
        ("FROM a\nRUN " + "x" * 70_000, "more than 65535 bytes", 2),
        ("FROM a\n\0", "NUL", 2),
        ("FROM a\nRUN \ud800", "surrogate", 2),
        ("\x7fELF\x02\x01", "unknown instruction", 1),
        ("\ufeffFROM a\n", "byte order mark", 1),
        ("kind: Pod\n", "unknown instruction", 1),
    ],
)
def test_bad_input_is_one_located_error(text: str, message: str, line: int | None) -> None:
    with pytest.raises(DockerfileError, match=message) as caught:
        parse(text)
    if line is not None:
        assert caught.value.line == line
    assert isinstance(caught.value, GuardError)
    assert caught.value.kind != "template"


@pytest.mark.parametrize(
    "text",
    ["FROM {{ .base }}\n", "{% if x %}\nFROM a\n{% endif %}\n", "{{\n def x:\n-}}\nFROM a\n", "FROM %%BASE%%\nRUN x\n"],
)
def test_a_template_is_called_one(text: str) -> None:
    with pytest.raises(DockerfileError, match="template") as caught:
        parse(text)
    assert caught.value.kind == "template"


@pytest.mark.parametrize(
    "line", ["RUN docker inspect --format '{{.Id}}' x", "LABEL a={{x}}", "RUN echo %%A%% <%x%>", "RUN x \\\n  {{.y}}"]
)
def test_braces_in_a_command_make_no_template(line: str) -> None:
    assert parse(f"FROM a\n{line}\n").final_stage.number == 0


def test_errors_repeat_no_text_of_the_file() -> None:
    for text in ("FROM a\nhunter2secret==\n", "FROM a\nENV A=1 hunter2\n", "FROM a\nENV hunter2\n"):
        with pytest.raises(DockerfileError) as caught:
            parse(text)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\nRUN a " + "\\\n b " * 100_000,
        "FROM a\nRUN <<E\n" + "echo a\n" * 100_000 + "E\n",
        "FROM a\nRUN --mount=" + ("a" * 60_000 + "\\\n") * 50,
        "FROM a AS s0\n" + "".join(f"FROM s{n} AS s{n + 1}\n" for n in range(2000)),
        "FROM a\n" + "#" * 6_000_000,
    ],
)
def test_what_would_take_minutes_is_refused(text: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        parse(text)
    assert caught.value.kind == "limit"


def test_many_lines_are_read_in_time_that_grows_with_them() -> None:
    parsed = parse("FROM a\n" + "RUN echo hello\n" * 20_000 + "USER app\n")
    user = parsed.effective_user()
    assert user is not None
    assert (user.instruction.first_line, len(parsed.shell_texts())) == (20_002, 20_000)


def test_importing_the_module_loads_no_parser() -> None:
    program = (
        "import sys, gitops_guard.syntax.dockerfile as d; "
        "loaded = {'dockerfile', 'dataclasses', 'pathlib', 'subprocess'} & set(sys.modules); "
        "d.parse('FROM a'); sys.exit(bool(loaded) or 'dockerfile' not in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
