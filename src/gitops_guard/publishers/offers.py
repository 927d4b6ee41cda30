"""Where the fix of a finding is to be had, for the summary of a pull request whose review is posted as well."""

from gitops_guard.finding import DISPLAY_ONLY, Finding
from gitops_guard.publishers.markdown import Surroundings
from gitops_guard.publishers.review import FINGERPRINT, Review
from gitops_guard.report import Report

SUGGESTED = "suggested in the review"


def surroundings(report: Report, review: Review, blob: str) -> Surroundings:
    """What the summary may point to. `blob` is the address of the commit's files."""
    comments = (*review.comments, *review.file_comments)
    said = {one for comment in comments for one in comment.findings}
    suggested = {one for comment in comments if comment.suggests for one in comment.findings}
    words = {finding.fingerprint: _offer(finding, said, suggested) for finding in report.open}
    return Surroundings(blob=blob, offers={fingerprint: text for fingerprint, text in words.items() if text})


def _offer(finding: Finding, said: set[str], suggested: set[str]) -> str:
    """The words for it; none where the review has no patch for this finding."""
    patch = None if finding.fix is None else finding.fix.patch
    short = finding.fingerprint[:FINGERPRINT]
    if patch is None or short not in said:
        return ""
    if patch.safety == DISPLAY_ONLY:
        return "a patch to read in the review"
    return SUGGESTED if short in suggested else "patch in the review"


def all_suggested(report: Report, around: Surroundings) -> bool:
    """Whether every proved fix that is not only there to be read is suggested in the review."""
    patches = ((f, None if f.fix is None else f.fix.patch) for f in report.open)
    proved = (f for f, patch in patches if patch is not None and patch.safety != DISPLAY_ONLY)
    return all(around.offers.get(f.fingerprint) == SUGGESTED for f in proved)
