"""The configuration file as a whole."""

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING

from gitops_guard.configuration.values import ValueReader
from gitops_guard.errors import ConfigurationError
from gitops_guard.settings import FixPullRequests, RuleSetting, Settings, Waiver
from gitops_guard.source_file import SourceFile
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.yaml import parse

if TYPE_CHECKING:
    from gitops_guard.network_settings import NetworkSettings
    from gitops_guard.render_settings import RenderSettings

_IMAGES = ("approved_images", "image_policy", "registries", "scan_reports", "scan_sources", "signers", "builds")
_TOP = (
    "kubernetes_version",
    "fail_level",
    "comments_budget",
    "exclude",
    "rules",
    *_IMAGES,
    "digests",
    "build_arguments",
    "waivers",
    "network",
    "fix_pull_requests",
    "render",
)
_WAIVER = ("rule", "reason", "owner", "ticket", "expires", "paths", "resource")
_RULE = ("enabled", "severity")
_REQUIRED_OF_A_WAIVER = ("owner", "reason", "expires")


def read(file: SourceFile, rule_ids: Collection[str], today: date) -> Settings:
    """As `configuration.read`."""
    stream = parse(file.text)
    values = ValueReader(file)
    if stream.problems:
        problem = stream.problems[0]
        raise ConfigurationError(problem.message, path=file.path, line=values.line_at(problem.start))
    if not stream.documents:
        return Settings(path=file.path)
    return _Reader(values, rule_ids, today).settings(Field(None, "", stream.documents[0].root), file.path)


class _Reader:
    def __init__(self, values: ValueReader, rule_ids: Collection[str], today: date) -> None:
        self._values = values
        self._rule_ids = rule_ids
        self._today = today

    def settings(self, root: Field, path: str) -> Settings:
        values = self._values
        values.keys(root, _TOP)
        defaults = Settings()
        version, level, budget = root["kubernetes_version"], root["fail_level"], values.count(root["comments_budget"])
        settings = Settings(
            kubernetes_version=self._version(version) if version.exists else defaults.kubernetes_version,
            fail_level=values.level(level) if level.exists else defaults.fail_level,
            comments_budget=defaults.comments_budget if budget is None else budget,
            exclude=values.texts(root["exclude"]),
            rules=tuple(
                (self._rule_id(field, str(field.key)), self._rule(field)) for field in values.mapping(root["rules"])
            ),
            digests=tuple((str(field.key), values.digest(field)) for field in values.mapping(root["digests"])),
            build_arguments=tuple((str(field.key), field.text) for field in values.mapping(root["build_arguments"])),
            waivers=tuple(self._waiver(item) for item in values.list(root["waivers"])),
            network=self._network(root["network"]) if root["network"].exists else None,
            render=self._render(root["render"]) if root["render"].exists else None,
            path=path,
            fix_pull_requests=self._fixes(root["fix_pull_requests"]) if root["fix_pull_requests"].exists else None,
        )
        return self._with_images(settings, root) if any(root[name].exists for name in _IMAGES) else settings

    def _with_images(self, settings: Settings, root: Field) -> Settings:
        from gitops_guard.configuration import images  # noqa: PLC0415 - many configurations speak of no image

        values = self._values
        signers = images.signers(values, root["signers"])
        return settings._replace(
            approved_images=images.approved_images(values, root["approved_images"], signers),
            image_policy=images.image_policy(values, root["image_policy"]),
            registries=images.registries(values, root["registries"]),
            scan_reports=values.texts(root["scan_reports"]),
            scan_sources=images.scan_sources(values, root["scan_sources"]),
            signers=signers,
            builds=images.builds(values, root["builds"]),
        )

    def _network(self, field: Field) -> "NetworkSettings":
        from gitops_guard.configuration.network import network_settings  # noqa: PLC0415 - few configurations say so

        return network_settings(self._values, field)

    def _fixes(self, field: Field) -> FixPullRequests:
        from gitops_guard.configuration.fixes import fix_pull_requests  # noqa: PLC0415 - only sweeps ask for it

        return fix_pull_requests(self._values, field, self._rule_id)

    def _render(self, field: Field) -> "RenderSettings":
        from gitops_guard.configuration.render import render_settings  # noqa: PLC0415 - few configurations say so

        return render_settings(self._values, field)

    def _version(self, field: Field) -> str:
        parts = field.text.removeprefix("v").split(".")
        if len(parts) < 2 or parts[0] != "1" or not parts[1].isdigit():  # noqa: PLR2004 - major and minor
            self._values.fail(field, f"{field.text!r} is not a Kubernetes version", 'write for example "1.36"')
        return f"1.{int(parts[1])}"

    def _rule_id(self, field: Field, name: str) -> str:
        if name not in self._rule_ids:
            self._values.unknown(field, name, self._rule_ids, "rule")
        return name

    def _rule(self, field: Field) -> RuleSetting:
        values = self._values
        if field.is_mapping:
            values.keys(field, _RULE)
            severity = field["severity"]
            return RuleSetting(
                values.flag(field["enabled"], default=True), values.severity(severity) if severity.exists else None
            )
        if field.value is True or field.value is False:
            return RuleSetting(enabled=field.is_true)
        return RuleSetting(severity=values.severity(field))

    def _waiver(self, field: Field) -> Waiver:
        values = self._values
        values.keys(field, _WAIVER)
        expires, defect = values.lenient(field["expires"], values.date)
        defects = [defect] if defect else []
        defects += [f"it has no {name}" for name in _REQUIRED_OF_A_WAIVER if not field[name].exists]
        if expires is not None and expires < self._today:
            defects.append(f"it expired on {expires.isoformat()}")
        return Waiver(
            rule=self._rule_id(field["rule"], values.text(field["rule"], required=True)),
            owner=values.text(field["owner"]),
            reason=values.text(field["reason"]),
            ticket=values.text(field["ticket"]),
            expires=expires,
            paths=values.texts(field["paths"]),
            resource=values.text(field["resource"]),
            line=values.line_at(field.first_line.start),
            defects=tuple(defects),
        )
