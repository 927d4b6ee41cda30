"""Statements on whether vulnerabilities affect a product (VEX), read from OpenVEX documents, and applied to scans.

A statement takes a vulnerability out of a scan only if it names it, says `not_affected` or `fixed`, and names the image
or the package as its product. Of several that apply, the newest counts; of equally old ones, the one that takes
nothing out. A scan that tells nothing stays what it is.

Source: OpenVEX specification 0.2.0 (and 0.0.1, whose products are texts).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from gitops_guard.facts.scan import Scan, Vulnerability, finished
from gitops_guard.scanners.json_reading import (
    MalformedReportError,
    Object,
    digest,
    entries,
    mapping,
    moment,
    text,
    texts,
)
from gitops_guard.scanners.package_url import PackageUrl, covers, parse_purl
from gitops_guard.syntax.image_reference import ImageReference, parse

STATUSES = frozenset(("not_affected", "affected", "fixed", "under_investigation"))
_TAKES_OUT = frozenset(("not_affected", "fixed"))
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
_IMAGE_TYPES = frozenset(("oci", "docker"))


class Product(NamedTuple):
    """What a statement speaks of: identifiers of one product, and those of the parts of it that are meant, if any."""

    identifiers: tuple[str, ...]
    parts: tuple[str, ...] = ()


class Statement(NamedTuple):
    """One statement: the ids of a vulnerability, the status, the products, and when it was made, where it says so."""

    vulnerabilities: frozenset[str]
    status: str
    products: tuple[Product, ...]
    made_at: datetime | None = None


def is_openvex(document: Object) -> bool:
    """Whether it is an OpenVEX document."""
    return text(document.get("@context")).startswith("https://openvex.dev/ns")


def read_openvex(document: Object) -> tuple[Statement, ...]:
    """The statements of a document.

    Raises:
        MalformedReportError: a statement is not what the specification says.
    """
    if not isinstance(document.get("statements"), list):
        raise MalformedReportError("`statements` is no list")
    dated = moment(document.get("last_updated")) or moment(document.get("timestamp"))
    return tuple(_statement(one, dated) for one in entries(document, "statements"))


def _statement(said: Object, dated: datetime | None) -> Statement:
    status = text(said.get("status"))
    if status not in STATUSES:
        raise MalformedReportError(f"a statement has the status {status!r}")
    vulnerability = said.get("vulnerability")
    about = mapping(vulnerability)
    names = {text(vulnerability), text(about.get("name")), text(about.get("@id")), *texts(about.get("aliases"))}
    products = said.get("products")
    own = tuple(_identifiers(said.get("subcomponents")))
    found = tuple(_product(one, own) for one in (products if isinstance(products, list) else []))
    return Statement(frozenset(names - {""}), status, found, moment(said.get("timestamp")) or dated)


def _product(product: object, parts: tuple[str, ...]) -> Product:
    inner = tuple(_identifiers(mapping(product).get("subcomponents")))
    return Product(tuple(_identifiers([product])), inner or parts)


def _identifiers(components: object) -> Iterator[str]:
    """What names the components of a list: texts, `@id`, identifiers and hashes."""
    for component in components if isinstance(components, list) else []:
        about = mapping(component)
        hashes = mapping(about.get("hashes"))
        named = (text(component), text(about.get("@id")), *map(text, mapping(about.get("identifiers")).values()))
        yield from (name for name in named if name)
        yield from (f"sha256:{text(value)}" for name, value in hashes.items() if name.lower() in {"sha-256", "sha256"})


def apply(scan: Scan, statements: Sequence[Statement], known_as: Iterable[str] = ()) -> Scan:
    """The scan without the vulnerabilities that statements take out, `reason` saying how many those are.

    Args:
        scan: any scan; only one with findings changes.
        statements: of all documents.
        known_as: further digests of the image.
    """
    if scan.state != "findings" or not statements:
        return scan
    about = _by_id(scan, statements, _Image(scan, known_as))
    kept = tuple(one for one in scan.vulnerabilities if not _is_taken_out(one, about))
    taken = len(scan.vulnerabilities) - len(kept)
    if not taken:
        return scan
    reason = f"{taken} of {len(scan.vulnerabilities)} vulnerabilities are not counted: VEX says that they do not apply"
    return finished(scan._replace(vulnerabilities=kept, reason="; ".join(filter(None, (scan.reason, reason)))))


class _Claim(NamedTuple):
    """What a statement says of one image: of all its packages (`whole`), or of some, by type and name."""

    takes_out: bool
    made_at: datetime
    whole: bool
    packages: Mapping[tuple[str, str], list[PackageUrl]]

    def speaks_of(self, package: PackageUrl | None) -> bool:
        if self.whole or package is None:
            return self.whole
        return any(covers(wanted, package) for wanted in self.packages.get((package.type, package.name), ()))


def _by_id(scan: Scan, statements: Sequence[Statement], image: "_Image") -> Mapping[str, list[_Claim]]:
    """The claims on the image, by those ids of vulnerabilities that the scan knows."""
    known = {name for one in scan.vulnerabilities for name in (one.id, *one.aliases)}
    found: dict[str, list[_Claim]] = {}
    for statement in statements:
        names = statement.vulnerabilities & known
        if names:
            claim = image.claim(statement)
            for name in names:
                found.setdefault(name, []).append(claim)
    return found


def _is_taken_out(one: Vulnerability, about: Mapping[str, list[_Claim]]) -> bool:
    claims = [claim for name in (one.id, *one.aliases) for claim in about.get(name, ())]
    package = parse_purl(one.purl) if claims else None
    applying = (claim for claim in claims if claim.speaks_of(package))
    latest = max(applying, key=lambda claim: (claim.made_at, not claim.takes_out), default=None)
    return latest is not None and latest.takes_out


class _Image:
    """The image of a scan, as products of statements may name it."""

    def __init__(self, scan: Scan, known_as: Iterable[str]) -> None:
        self._digests = frozenset((scan.digest, *known_as)) - {""}
        self._reference = _named(scan.subject)

    def claim(self, statement: Statement) -> _Claim:
        """What a statement says of this image: a product is the image, parts of it, or a package wherever it is."""
        whole, packages = False, list[str]()
        for product in statement.products:
            if any(self._is(name) for name in product.identifiers):
                whole = whole or not product.parts
                packages += product.parts
            elif not product.parts:
                packages += product.identifiers
        wanted: dict[tuple[str, str], list[PackageUrl]] = {}
        for purl in filter(None, map(parse_purl, packages)):
            wanted.setdefault((purl.type, purl.name), []).append(purl)
        return _Claim(statement.status in _TAKES_OUT, statement.made_at or _LONG_AGO, whole, wanted)

    def _is(self, name: str) -> bool:
        purl = parse_purl(name)
        if purl is not None:
            return purl.type in _IMAGE_TYPES and digest(purl.version) in self._digests
        if digest(name):
            return digest(name) in self._digests
        return self._reference is not None and _named(name) == self._reference


def _named(text: str) -> str | None:
    """The normal form of a reference with a tag."""
    reference = parse(text)
    return (
        reference._replace(digest=None).normalized if isinstance(reference, ImageReference) and reference.tag else None
    )
