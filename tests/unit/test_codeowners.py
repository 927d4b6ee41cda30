"""CODEOWNERS as GitHub reads it. The examples are those of its documentation."""

import time

import pytest

from gitops_guard.fix_pull_requests.codeowners import SIZE_LIMIT, people, read_codeowners

DOCUMENTED = """# This is a comment.
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/* docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat
/apps/ @octocat
/apps/github
/apps/github @doctocat
"""


@pytest.mark.parametrize(
    ("lines", "path", "owners"),
    [
        ("* @a", "any/where.txt", ("@a",)),
        ("*.js @a", "deep/down/x.js", ("@a",)),
        ("*.js @a", "x.ts", ()),
        ("/build/logs/ @a", "build/logs/today/x", ("@a",)),
        ("/build/logs/ @a", "other/build/logs/x", ()),
        ("docs/* @a", "docs/getting-started.md", ("@a",)),
        ("docs/* @a", "docs/build-app/troubleshooting.md", ()),
        ("docs/* @a", "x/docs/getting-started.md", ()),
        ("apps/ @a", "x/apps/y/z", ("@a",)),
        ("apps/ @a", "apps", ()),
        ("**/logs @a", "build/logs/x", ("@a",)),
        ("**/logs @a", "deeply/nested/logs", ("@a",)),
        ("/apps/**/prod @a", "apps/prod/x", ("@a",)),
        ("/apps/**/prod @a", "apps/a/b/prod/x", ("@a",)),
        ("/apps/github @a", "apps/github", ("@a",)),
        ("/apps/github @a", "apps/github/x", ("@a",)),
        ("/apps/github @a", "apps/githubx", ()),
        ("/apps/ @a\n/apps/github", "apps/github/x", ()),
        ("* @a\n* @b", "x", ("@b",)),
        (r"a\ folder/ @a", "a folder/x", ("@a",)),
        ("x?z @a", "xyz", ("@a",)),
        ("x?z @a", "x/z", ()),
        ("/ @a", "x", ("@a",)),
        ("Apps/ @a", "apps/x", ()),
        ("* @a # only\t", "x", ("@a",)),
    ],
)
def test_patterns(lines: str, path: str, owners: tuple[str, ...]) -> None:
    assert read_codeowners(lines).of(path) == owners


def test_the_last_line_that_matches_counts() -> None:
    found = read_codeowners(DOCUMENTED)
    assert found.unread == ()
    assert found.of("README") == ("@global-owner1", "@global-owner2")
    assert found.of("src/x.js") == ("@js-owner",)
    assert found.of("notes.txt") == ("@octo-org/octocats",)
    assert found.of("apps/github/x.js") == ("@doctocat",)


@pytest.mark.parametrize("line", ["!apps/ @a", "[ab].txt @a", r"\#x @a", "* a", "* @", "* @a/", "* @a;b"])
def test_what_github_ignores_is_ignored_and_counted(line: str) -> None:
    found = read_codeowners(f"* @x\n{line}\n")
    assert found.unread == (2,)
    assert found.of("b") == ("@x",)


def test_a_file_that_is_too_large_owns_nothing() -> None:
    assert read_codeowners("* @a\n" + "#" * SIZE_LIMIT).of("x") == ()


def test_hostile_patterns_cost_little() -> None:
    start = time.process_time()
    found = read_codeowners("\n".join(["**/" * 200 + "*a" * 50 + "b @a"] * 20))
    assert found.of("/".join(["a" * 60] * 60)) == ()
    assert time.process_time() - start < 2


def test_people_and_teams() -> None:
    assert people(("@a", "@acme/shop", "x@example.org", "@a")) == (("a",), ("shop",))
