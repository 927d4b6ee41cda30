"""Our reading of hunks against what the texts themselves say."""

import difflib
import subprocess
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_guard.sources.changed_lines import parse_patches

LINES = st.lists(
    st.sampled_from(["a", "b", "c", "@@ -1 +1 @@", "diff --git a/x b/x", "+++ b/x", "--- a/x", ""]), max_size=25
)


@settings(max_examples=60, deadline=None)
@given(before=LINES, after=LINES)
def test_hunks_show_exactly_the_lines_that_git_shows(before: list[str], after: list[str]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, lines in (("old", before), ("new", after)):
            (folder / name).write_text("".join(line + "\n" for line in lines))
        command = ["git", "diff", "--no-index", "-U3", "old", "new"]
        patch = subprocess.run(command, cwd=folder, capture_output=True, check=False).stdout
    found = parse_patches(patch)
    if before == after:
        assert found == []
        return
    (changed,) = found
    added = {line for hunk in changed.hunks for line in hunk.added}
    kept = [line for number, line in enumerate(after, 1) if number not in added]
    assert difflib.SequenceMatcher(None, before, kept, autojunk=False).find_longest_match().size <= len(kept)
    remaining = iter(before)
    assert all(line in remaining for line in kept)
    for hunk in changed.hunks:
        assert 0 <= hunk.first <= max(hunk.last + 1, 1)
        assert hunk.last <= len(after)
        assert all(hunk.first <= line <= hunk.last for line in hunk.added)
