"""What every source of scan results gives."""

from typing import Protocol

from gitops_guard.facts.scan import Scan
from gitops_guard.syntax.image_reference import ImageReference


class ScanSource(Protocol):
    """A place where scan results are asked for.

    `fetch` never raises: what went wrong is the state and reason of the `Scan` that it gives.
    """

    @property
    def name(self) -> str:
        """What messages call it."""

    def supports(self, reference: ImageReference) -> bool:
        """Whether it is to be asked about this image."""

    def fetch(self, reference: ImageReference, digest: str, platform: str) -> Scan:
        """The newest result for a digest.

        Args:
            reference: the image, as named.
            digest: `sha256:...` of the manifest (not the index) for `platform`.
            platform: such as `linux/amd64`.
        """
