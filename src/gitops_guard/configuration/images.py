"""Reads what the configuration says of images: the approved list, the policy, registries, scanners, signers, builds."""

from collections.abc import Sequence
from typing import get_args

from gitops_guard.configuration.values import ValueReader
from gitops_guard.settings import (
    ApprovedImage,
    Build,
    ImagePolicy,
    RegistrySetting,
    ScanSourceKind,
    ScanSourceSetting,
    Signer,
)
from gitops_guard.syntax.field import Field

_ENTRY = (
    "repository", "tags", "digest_required", "replacement", "mirror", "owner", "reason", "expires", "max_age_days",
    "scanned_within_days", "worst_severity", "fixable_only", "signed_by", "platforms",
)  # fmt: skip
_POLICY = (
    "unknown", "max_age_days", "scanned_within_days", "worst_severity", "fixable_only", "epss", "platform",
    "budget_seconds", "snapshot",
)  # fmt: skip
_REGISTRY = ("host", "private", "plain_http", "username_from", "password_from")
_KINDS = get_args(ScanSourceKind)
_SOURCE = (
    "kind", "url", "registries", "username_from", "password_from", "token_from", "region", "project", "repository",
    "private",
)  # fmt: skip
_SIGNER = ("name", "key", "identity", "issuer")
_BUILD = ("dockerfile", "image")
_NO_URL = frozenset(("ecr", "google"))
_LONGEST_BUDGET = 3600.0


def approved_images(reader: ValueReader, field: Field, signers: Sequence[Signer]) -> tuple[ApprovedImage, ...]:
    """The approved list; `signed_by` may name the given signers only."""
    return tuple(_approved(reader, item, signers) for item in reader.list(field))


def _approved(reader: ValueReader, field: Field, signers: Sequence[Signer]) -> ApprovedImage:
    reader.keys(field, _ENTRY)
    names = [signer.name for signer in signers]
    for item in reader.list(field["signed_by"]):
        reader.word(item, names, "signer")
    severity = field["worst_severity"]
    return ApprovedImage(
        repository=reader.text(field["repository"], required=True),
        tags=_tags(reader, field["tags"]),
        digest_required=reader.flag(field["digest_required"], default=False),
        replacement=reader.text(field["replacement"]),
        mirror=reader.text(field["mirror"]),
        owner=reader.text(field["owner"]),
        reason=reader.text(field["reason"]),
        expires=reader.date(field["expires"]),
        max_age_days=reader.count(field["max_age_days"]),
        scanned_within_days=reader.count(field["scanned_within_days"]),
        worst_severity=reader.severity(severity) if severity.exists else None,
        fixable_only=reader.flag(field["fixable_only"], default=False),
        signed_by=reader.texts(field["signed_by"]),
        platforms=reader.texts(field["platforms"]),
    )


def _tags(reader: ValueReader, field: Field) -> tuple[str, ...]:
    from gitops_guard.syntax.tag_pattern import wrong_range  # noqa: PLC0415 - only where there is a list

    for item in reader.list(field):
        why = wrong_range(reader.text(item, required=True))
        if why:
            reader.fail(item, f"{item.text!r} is no tag range: {why}", 'write for example ">=3.12.4 <3.14 -slim"')
    return reader.texts(field)


def image_policy(reader: ValueReader, field: Field) -> ImagePolicy:
    """What is asked of every image."""
    default = ImagePolicy()
    if not field.exists:
        return default
    reader.keys(field, _POLICY)
    unknown, worst = field["unknown"], field["worst_severity"]
    age, scanned = reader.count(field["max_age_days"]), reader.count(field["scanned_within_days"])
    return ImagePolicy(
        unknown=reader.level(unknown) if unknown.exists else default.unknown,
        max_age_days=default.max_age_days if age is None else age,
        scanned_within_days=default.scanned_within_days if scanned is None else scanned,
        worst_severity=reader.severity(worst) if worst.exists else default.worst_severity,
        fixable_only=reader.flag(field["fixable_only"], default=default.fixable_only),
        epss=reader.number(field["epss"], default.epss, low=0, high=1),
        platform=reader.text(field["platform"]) or default.platform,
        budget_seconds=reader.number(field["budget_seconds"], default.budget_seconds, low=0, high=_LONGEST_BUDGET),
        snapshot=reader.text(field["snapshot"]) or default.snapshot,
    )


def registries(reader: ValueReader, field: Field) -> tuple[RegistrySetting, ...]:
    """The registries that may be asked besides the public ones."""
    found = []
    for item in reader.list(field):
        reader.keys(item, _REGISTRY)
        host = reader.text(item["host"], required=True).lower()
        if "/" in host:
            reader.fail(item["host"], f"{host!r} is no host name", "write the host alone, such as registry.example.com")
        found.append(
            RegistrySetting(
                host,
                reader.flag(item["private"], default=False),
                reader.flag(item["plain_http"], default=False),
                reader.text(item["username_from"]),
                reader.text(item["password_from"]),
            )
        )
    return tuple(found)


def scan_sources(reader: ValueReader, field: Field) -> tuple[ScanSourceSetting, ...]:
    """The services that know scan results."""
    return tuple(_source(reader, item) for item in reader.list(field))


def _source(reader: ValueReader, field: Field) -> ScanSourceSetting:
    reader.keys(field, _SOURCE)
    kind: ScanSourceKind = reader.word(field["kind"], _KINDS, "kind of scan source")  # type: ignore[assignment]
    url = reader.text(field["url"], required=kind not in _NO_URL)
    if url and not url.startswith(("https://", "http://")):
        reader.fail(field["url"], f"{url!r} is no address", "write for example https://harbor.example.com")
    return ScanSourceSetting(
        kind,
        url.rstrip("/"),
        reader.texts(field["registries"]),
        reader.text(field["username_from"]),
        reader.text(field["password_from"]),
        reader.text(field["token_from"]),
        reader.text(field["region"]),
        reader.text(field["project"]),
        reader.text(field["repository"]),
        reader.flag(field["private"], default=False),
    )


def signers(reader: ValueReader, field: Field) -> tuple[Signer, ...]:
    """Who may sign images."""
    found = []
    for item in reader.list(field):
        reader.keys(item, _SIGNER)
        signer = Signer(*(reader.text(item[name], required=name == "name") for name in _SIGNER))
        if bool(signer.key) == bool(signer.identity):
            reader.fail(item, f"signer {signer.name!r} needs either a key or an identity")
        if signer.identity and not signer.issuer:
            reader.fail(item, f"signer {signer.name!r} needs the issuer of its identity")
        if signer.key and "PUBLIC KEY-----" not in signer.key:
            reader.fail(item["key"], f"the key of {signer.name!r} is no public key in PEM")
        found.append(signer)
    return tuple(found)


def builds(reader: ValueReader, field: Field) -> tuple[Build, ...]:
    """The images that Dockerfiles of this repository become."""
    found = []
    for item in reader.list(field):
        reader.keys(item, _BUILD)
        found.append(Build(*(reader.text(item[name], required=True) for name in _BUILD)))
    return tuple(found)
