"""How many requests a push costs, and how long they take at the limits that GitHub documents.

    python benchmarks/review_bench.py

Real scans of a change with so many broken pods, posted to the stand-in of the tests: on the first run, on a second one
with nothing changed, and after a push that fixes everything. Each pod has several problems and gets one comment.
Seconds are computed, not waited for: writes are a second apart, answers take half a second, and no more than 80 pieces
of content come in a minute and 500 in an hour (GitHub, "Rate limits for the REST API", secondary limits).
"""

import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import review_life
from gitops_guard.publishers.post_review import Posting
from review_life import RESOLVER, TALKER, Replay, Repository, Step

CASES = ((1, 25), (25, 25), (500, 25), (500, 500))
SPACING, LATENCY = 1.0, 0.5
A_MINUTE, AN_HOUR = 80, 500
CONTENT = ("/reviews", "/comments", "/replies")


class Cost(NamedTuple):
    """Requests of a run."""

    reads: int
    writes: int
    content: int

    @property
    def seconds(self) -> float:
        """How long they take at least."""
        spaced = self.writes * max(SPACING, LATENCY) + self.reads * LATENCY
        return max(spaced, 60.0 * (self.content // A_MINUTE), 3600.0 * (self.content // AN_HOUR))


def cost(requests: list[tuple[str, str]]) -> Cost:
    """Reads and writes; a GraphQL query is a read although it is a POST."""
    reads = [one for one in requests if one[0] == "GET" or one == ("POST", "/graphql")]
    content = [one for one in requests if one[0] == "POST" and one[1].endswith(CONTENT)]
    return Cost(len(reads), len(requests) - len(reads), len(content))


def pushes(repository: Repository, count: int, budget: int) -> list[Step]:
    """Opened with so many broken pods, then all of them gone."""
    repository.git("checkout", "-q", "main")
    repository.commit({".gitops-guard.yaml": f"comments_budget: {budget}\n"})
    repository.git("checkout", "-q", "change")
    repository.git("reset", "-q", "--hard", "main")
    broken = {f"apps/{number}.yaml": review_life.pods(f"pod-{number}") for number in range(count)}

    def gone(one: Repository) -> None:
        one.commit({"note.yaml": "a: 1\n", **dict.fromkeys(broken)})

    return review_life.lived(repository, {"open": lambda one: one.commit(dict(broken)), "fixed": gone})


def said(posting: Posting) -> int:
    """How many comments a posting wants."""
    return len(posting.review.comments) + len(posting.review.file_comments)


def measure(count: int, budget: int) -> None:
    """Prints the lines of one case."""
    with tempfile.TemporaryDirectory() as folder:
        repository = Repository(Path(folder))
        opened, fixed = pushes(repository, count, budget)
        for token, name in ((RESOLVER, "contents: write"), (TALKER, "contents: read")):
            with Replay(repository, token).served() as replay:
                runs = {"first": opened, "again": opened, "all fixed": fixed, "fixed, again": fixed}
                for what, step in runs.items():
                    found = cost(replay.run(step))
                    print(
                        f"{count:4} pods, {said(opened.posting):3} comments, {name:15} {what:13}"
                        f"{found.reads + found.writes:4} requests ({found.reads} reads, {found.writes} writes)"
                        f" {found.seconds:6.1f} s"
                    )


if __name__ == "__main__":
    for pods, most in CASES:
        measure(pods, most)
