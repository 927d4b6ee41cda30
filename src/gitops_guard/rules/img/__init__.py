"""Images: where they come from, and whether they stay the same. What Dockerfiles need is not imported here."""

from gitops_guard.rule import Rule
from gitops_guard.rules.img import manifest

IMG_MANIFEST: tuple[Rule, ...] = (manifest.APPROVED, manifest.TAG, manifest.DIGEST, manifest.PULL_POLICY)
