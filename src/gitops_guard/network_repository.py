"""A repository as policies are made for it: its objects, its Kustomizations, and the policies that are there."""

from collections.abc import Callable, Iterable, Iterator

from gitops_guard.manifest_files import ManifestFiles
from gitops_guard.network.cluster import Located
from gitops_guard.network.evidence import Inference
from gitops_guard.network.existing import Existing, existing
from gitops_guard.network.installed import INSTALLING_KINDS
from gitops_guard.network.material import INFERENCE_KINDS
from gitops_guard.network.policy_text import MARK
from gitops_guard.network.reading import NETWORK_KINDS
from gitops_guard.network_files import Kustomization, kustomization, root_folder
from gitops_guard.source_file import Skipped, SourceFile

SYNTHESIS_KINDS = NETWORK_KINDS | INFERENCE_KINDS | INSTALLING_KINDS


Manifests = Callable[[Iterable[SourceFile | Skipped]], ManifestFiles]


class Repository:
    """The objects of a tree, and what its files say beside them; `manifests` may render what the files are of."""

    def __init__(self, files: Iterable[SourceFile | Skipped], manifests: Manifests = ManifestFiles) -> None:
        self.own_files: set[str] = set()
        self.kustomizations: dict[str, Kustomization] = {}
        self.files = manifests(self._seen(files))
        self.objects: list[Located] = list(self.files.objects(SYNTHESIS_KINDS))

    def _seen(self, files: Iterable[SourceFile | Skipped]) -> Iterator[SourceFile | Skipped]:
        for file in files:
            if isinstance(file, SourceFile):
                if file.text.startswith(MARK):
                    self.own_files.add(file.path)
                read_one = kustomization(file)
                if read_one is not None:
                    self.kustomizations[file.path.rpartition("/")[0]] = read_one
            yield file

    def existing(self, found: Inference, *, own: frozenset[str] | None = None) -> Existing:
        """What there is, with the folders that Kustomize deploys together as one.

        Args:
            found: the connections.
            own: the files that this program may replace; by default those that it wrote.
        """
        own = frozenset(self.own_files) if own is None else own
        return existing(
            self.objects, own, found, lambda path: root_folder(path, self.kustomizations), self.files.files_of
        )
