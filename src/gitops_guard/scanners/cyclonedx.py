"""CycloneDX documents whose vulnerabilities carry an analysis: statements as in `vex`, in another form.

A bill of materials without analyses is no scan: it lists packages.

Source: CycloneDX 1.4 to 1.6 (`vulnerabilities[].analysis.state`, `affects[].ref`).
"""

from urllib.parse import unquote

from gitops_guard.scanners.json_reading import Object, entries, mapping, member, moment, section, text
from gitops_guard.scanners.vex import Product, Statement

_STATUS = {
    "not_affected": "not_affected",
    "false_positive": "not_affected",
    "resolved": "fixed",
    "resolved_with_pedigree": "fixed",
    "exploitable": "affected",
    "in_triage": "under_investigation",
}


def is_cyclonedx(document: Object) -> bool:
    """Whether it is a CycloneDX document."""
    return text(document.get("bomFormat")).lower() == "cyclonedx"


def read_vex(document: Object) -> tuple[Statement, ...]:
    """The statements of a document; none where nothing was analysed.

    Raises:
        MalformedReportError: what should be a list or an object is none.
    """
    root = member(section(document, "metadata"), "component")
    names = {text(one.get("bom-ref")): one for one in (root, *entries(document, "components"))}
    dated = moment(section(document, "metadata").get("timestamp"))
    found = []
    for vulnerability in entries(document, "vulnerabilities"):
        analysis = member(vulnerability, "analysis")
        status = _STATUS.get(text(analysis.get("state")))
        if status is None:
            continue
        ids = {text(vulnerability.get("id"))} | {text(one.get("id")) for one in entries(vulnerability, "references")}
        products = tuple(_product(text(one.get("ref")), names, root) for one in entries(vulnerability, "affects"))
        made_at = moment(analysis.get("lastUpdated")) or moment(vulnerability.get("updated")) or dated
        found.append(Statement(frozenset(ids - {""}), status, products, made_at))
    return tuple(found)


def _product(ref: str, names: dict[str, Object], root: Object) -> Product:
    """What an affected reference means: the image itself, a package within it, or a package wherever it is."""
    own = ref.rpartition("#")[2] if ref.startswith("urn:cdx:") else ref
    component = names.get(own) or names.get(unquote(own))
    identifiers = _identifiers(component) if component is not None else (unquote(own),)
    if not _is_image(root) or component is root:
        return Product(identifiers)
    return Product(_identifiers(root), identifiers)


def _is_image(component: Object) -> bool:
    """Whether it is an image, so that its packages are meant within it only."""
    return text(component.get("type")) == "container" or text(component.get("purl")).startswith(
        ("pkg:oci/", "pkg:docker/")
    )


def _identifiers(component: Object) -> tuple[str, ...]:
    name, version = text(component.get("name")), text(component.get("version"))
    joined = f"{name}@{version}" if version.startswith("sha256:") else f"{name}:{version}" if version else name
    hashes = (mapping(one) for one in entries(component, "hashes"))
    digests = (f"sha256:{text(one.get('content'))}" for one in hashes if text(one.get("alg")) == "SHA-256")
    found = (text(component.get("purl")), joined if _is_image(component) else "", *digests)
    return tuple(one for one in found if one)
