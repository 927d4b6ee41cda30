"""What the rules on users, indexes, modes, SSH, health, full bases and secrets of images do beyond their examples."""

import time
from collections.abc import Mapping
from datetime import date

import pytest

from gitops_guard.engine import Detection, rule_set
from gitops_guard.facts.image import ImageConfig, ImageFacts
from gitops_guard.facts.known import KnownImages
from gitops_guard.finding import CRITICAL, HIGH, INFO, Severity
from gitops_guard.images.leaks import leaks_of
from gitops_guard.inspection import Rules, inspect
from gitops_guard.rule import Rule, RuleContext
from gitops_guard.rules.dkr import DKR
from gitops_guard.rules.dkr.file_mode import changes, judged, narrowed
from gitops_guard.rules.dkr.known_user import known_uid
from gitops_guard.rules.dkr.ssh_server import is_ssh
from gitops_guard.rules.img import full_base
from gitops_guard.rules.img.lighter_variant import lighter_variant
from gitops_guard.rules.sec import base_image_secrets
from gitops_guard.settings import Settings
from gitops_guard.source_file import SourceFile

ALL: tuple[Rule, ...] = (*DKR, full_base.RULE, base_image_secrets.RULE)
CONTEXT = RuleContext(Settings(), date(2026, 11, 24))


def detections(text: str, rule_id: str, context: RuleContext = CONTEXT) -> list[Detection]:
    chosen = rule_set(rule for rule in ALL if rule.id == rule_id)
    rules = Rules(rule_set(()), lambda: chosen)
    return list(inspect(SourceFile("app/Dockerfile", text), rules, context).detections)


def fixed(text: str, rule_id: str) -> str:
    """The text after all fixes of a rule; unproved."""
    edits = {
        edit
        for one in detections(text, rule_id)
        if one.fix is not None
        for intent in one.fix.intents
        for edit in intent.edits  # type: ignore[union-attr]
    }
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


@pytest.mark.parametrize(
    ("run", "user"),
    [
        ("useradd -u 2001 app", "2001"),
        ("useradd --uid=2001 -ms /bin/sh app", "2001"),
        ("useradd app --uid 2001", "2001"),
        ("useradd -rmu 2001 -g app -c app app", "2001"),
        ("adduser -D -S -H -u2001 -G app app", "2001"),
        ("adduser --uid 2001 --disabled-password --gecos app app", "2001"),
        ("useradd app", "app"),
        ("useradd -g 2001 app", "app"),
        ("useradd -u 0 app", "app"),
        ("useradd -u $UID app", "app"),
        ("useradd -u 2001 other", "app"),
        ("id app || useradd -u 2001 app", "app"),
        ("if true; then useradd -u 2001 app; fi", "app"),
        ("useradd -u 2001 app && usermod -u 2002 app", "app"),
        ("useradd -u 2001 app && useradd -u 2002 app", "app"),
    ],
)
def test_a_name_becomes_a_number_only_where_the_number_is_certain(run: str, user: str) -> None:
    text = f"FROM debian:12\nRUN {run}\nUSER app:app\n"
    assert fixed(text, "GG-DKR-002") == f"FROM debian:12\nRUN {run}\nUSER {user}:app\n"


@pytest.mark.parametrize(
    ("image", "name", "uid"),
    [
        ("node:20-alpine", "node", "1000"),
        ("node", "node", "1000"),
        ("nginx:1.27", "nginx", "101"),
        ("nginx:1.13-alpine", "nginx", ""),
        ("nginxinc/nginx-unprivileged:1.27", "nginx", "101"),
        ("gcr.io/distroless/static:nonroot", "nonroot", "65532"),
        ("gcr.io/distroless/static", "app", ""),
        ("postgres:16", "postgres", "999"),
        ("postgres:16-alpine3.19", "postgres", "70"),
        ("python:3.12", "www-data", "33"),
        ("python:3.12-alpine", "www-data", ""),
        ("alpine:3.20", "nobody", "65534"),
        ("python:3.12-windowsservercore", "nobody", ""),
        ("registry.example.com:5000/node", "node", ""),
        ("", "node", ""),
    ],
)
def test_users_of_well_known_images(image: str, name: str, uid: str) -> None:
    assert known_uid(image, name) == uid


def test_a_known_user_that_the_dockerfile_changes_is_not_certain() -> None:
    text = "FROM node:20\nRUN usermod -u 1001 node\nUSER node\n"
    assert fixed(text, "GG-DKR-002") == text


@pytest.mark.parametrize(
    ("run", "after"),
    [
        (
            "apt-get update && apt-get install -y a",
            "apt-get update && apt-get install -y a && rm -rf /var/lib/apt/lists/*",
        ),
        ("apt-get update && apt-get install -y a | tee x", None),
        ("set -e; apt-get update; apt-get install -y a", ""),
        ("apt-get update && apt-get install -y a || true", ""),
        ("apt-get update && apt-get install -y a # b", ""),
        ("sudo apt-get update && sudo apt-get install -y a", ""),
        ("apt-get update && apt-get install -y a &", ""),
        ("zypper ref && zypper in -y a", "zypper ref && zypper in -y a && zypper clean --all"),
        ("microdnf install -y a", "microdnf install -y a && microdnf clean all"),
    ],
)
def test_a_removal_is_added_to_plain_chains_only(run: str, after: str | None) -> None:
    head, tail = "FROM example:1\nRUN ", "\nCMD x\n"
    wanted = f"{run} && rm -rf /var/lib/apt/lists/*" if after is None else after or run
    assert len(detections(head + run + tail, "GG-DKR-009")) == 1
    assert fixed(head + run + tail, "GG-DKR-009") == head + wanted + tail


def test_a_removal_follows_the_style_escape_and_line_ends_of_the_chain() -> None:
    text = "# escape=`\r\nFROM example:1\r\nRUN apt-get update `\r\n\t&& apt-get install -y a\r\n"
    wanted = text.removesuffix("\r\n") + " `\r\n\t&& rm -rf /var/lib/apt/lists/*\r\n"
    assert fixed(text, "GG-DKR-009") == wanted


@pytest.mark.parametrize(
    "run",
    [
        "apt-get update && apt-get install -y a && apt-get dist-clean",
        "apt-get update && apt-get install -y a && rm -rf /var/lib/{apt,dpkg}",
        "--mount=type=tmpfs,target=/var/lib/apt/lists apt-get update && apt-get install -y a",
        "--mount=type=cache,id=x,dst=/var/cache/apk apk add a",
        "apt-get install -y a",
        "apk del a",
        "echo apt-get update",
    ],
)
def test_indexes_outside_the_layer_are_silent(run: str) -> None:
    assert detections(f"FROM example:1\nRUN {run}\n", "GG-DKR-009") == []


def test_an_index_that_a_child_stage_needs_is_not_removed() -> None:
    text = "FROM debian:12 AS base\nRUN apt-get update && apt-get install -y a\nFROM base\nRUN apt-get install -y b\n"
    assert fixed(text, "GG-DKR-009") == text
    assert len(detections(text, "GG-DKR-009")) == 1


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("777", "writable"), ("0777", "writable"), ("666", "writable"), ("1777", ""), ("755", ""), ("770", ""),
        ("4755", "setuid"), ("2755", "setuid"), ("2775", ""), ("6755", "setuid"), ("u+s", "setuid"), ("+s", "setuid"),
        ("g+s", ""), ("a-s", ""), ("a+w", "writable"), ("o+w", "writable"), ("o=rwx", "writable"), ("+w", ""),
        ("ugo+rwX", "writable"), ("a+rwxt", ""), ("g=u", ""), ("o-w", ""), ("u+x,o+w", "writable"), ("=rw", ""),
        ("$MODE", ""), ("", ""), ("99999", ""),
    ],
)  # fmt: skip
def test_modes(mode: str, kind: str) -> None:
    assert judged(mode) == kind


def test_the_setgid_bit_of_a_program_is_reported_and_that_of_a_folder_is_not() -> None:
    assert judged("g+s", ("/usr/bin/wall",)) == "setuid"
    assert judged("g+s", ("/srv/share",)) == ""


@pytest.mark.parametrize(("mode", "narrow"), [("777", "755"), ("0666", "0644"), ("4777", "0755"), ("a+w", "")])
def test_a_narrowed_mode_keeps_what_is_harmless(mode: str, narrow: str) -> None:
    assert narrowed(mode) == narrow
    assert judged(narrow) == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("chmod -R 777 /a /b", [("777", ("/a", "/b"))]),
        ("chmod 777 -R /a", [("777", ("/a",))]),
        ("chmod -x /a", [("-x", ("/a",))]),
        ("ls | xargs -0 chmod 777", [("777", ())]),
        ("install -Dm 4755 x /usr/bin/x", [("4755", ("/usr/bin/x",))]),
        ("mkdir -pm 777 /a", [("777", ("/a",))]),
        ("install x /y", []),
        ("chmod", []),
        ("find / -perm /6000", []),
    ],
)
def test_modes_are_found_in_commands(text: str, found: list[tuple[str, tuple[str, ...]]]) -> None:
    assert [(change.mode.text, change.paths) for change in changes(text)] == found


@pytest.mark.parametrize(
    ("port", "ssh"),
    [
        ("22", True), ("22/tcp", True), ("22/TCP", True), ("20-25", True), ("22/udp", False), ("2222", False),
        ("23-30", False), ("220", False), ("", False), ("22-", False), ("\N{ARABIC-INDIC DIGIT TWO}" * 2, False),
    ],
)  # fmt: skip
def test_ports(port: str, ssh: bool) -> None:  # noqa: FBT001 - the table's column
    assert is_ssh(port) is ssh


def test_the_last_expose_of_a_file_stays_where_no_line_end_can_go_with_it() -> None:
    (found,) = detections("FROM a\nEXPOSE 22", "GG-DKR-012")
    assert found.fix is None


def test_probes_elsewhere_in_the_repository_may_settle_the_health_check() -> None:
    (found,) = detections("FROM alpine:3.20\nCMD x\n", "GG-DKR-013")
    assert found.finding.severity == INFO
    assert found.unless_probed


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("python:3.12", "3.12-slim"),
        ("python:3.13.0rc2-bookworm", "3.13.0rc2-slim-bookworm"),
        ("python:bookworm", "slim-bookworm"),
        ("python", "slim"),
        ("node:lts-iron", "lts-iron-slim"),
        ("node:bookworm", "bookworm-slim"),
        ("debian", "stable-slim"),
        ("debian:bookworm-20240110", "bookworm-20240110-slim"),
        ("openjdk:17-jdk-bullseye", "17-jdk-slim-bullseye"),
        ("eclipse-temurin:17.0.9_9-jdk-focal", "17.0.9_9-jre-focal"),
        ("eclipse-temurin:21", "21-jre"),
        ("eclipse-temurin:21-noble", "21-jre-noble"),
        ("eclipse-temurin:8u412-b08-jdk", "8u412-b08-jre"),
        ("elixir:1.17-otp-27", "1.17-otp-27-slim"),
        ("debian:unstable-20260202", "unstable-20260202-slim"),
        ("node:8-jessie", None),
        ("golang:1.22", ""),
        ("php:8.3-cli", ""),
        ("python:3.12-slim", None),
        ("python:3.12-alpine3.19", None),
        ("python:my-own-tag", None),
        ("debian:bookworm-backports", None),
        ("eclipse-temurin:21-jdk-alpine", None),
        ("php:8.3-apache", None),
        ("ubuntu:24.04", None),
        ("redis:7", None),
    ],
)
def test_lighter_tags(image: str, tag: str | None) -> None:
    name, _, written = image.partition(":")
    lighter = lighter_variant(name, written or None)
    assert (None if lighter is None else lighter.tag) == tag


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("RUN git clone x && /usr/bin/make\n", "git, make"),
        ('RUN ["gcc", "a.c"]\n', "gcc"),
        ("RUN <<EOF\nx=$(curl y)\nEOF\n", "curl"),
        ("ONBUILD RUN wget x\n", "wget"),
    ],
)
def test_tools_that_slim_lacks_are_named_and_no_fix_is_offered(text: str, names: str) -> None:
    (found,) = detections(f"FROM python:3.12.7\n{text}", "GG-IMG-014")
    assert found.fix is None
    assert f"lacks {names}:" in found.finding.message


TIMED = frozenset(("GG-DKR-002", "GG-DKR-003", "GG-DKR-009", "GG-DKR-011", "GG-DKR-012", "GG-IMG-014"))
SHOP = "registry.example.com/team/shop:1.4.2"
SECRET = "kiQ7-rover"
TOKEN = "ghp_" + "Zk3vB8qTn1" * 3 + "Zk3vB8"


def shop(config: Mapping[str, object]) -> KnownImages:
    return KnownImages({SHOP: ImageFacts(SHOP, config=ImageConfig(leaks=leaks_of(config)))})


def history(step: str) -> Mapping[str, object]:
    return {"history": [{"created_by": step}]}


def environment(*variables: str) -> Mapping[str, object]:
    return {"config": {"Env": list(variables)}}


@pytest.mark.parametrize(
    ("config", "shown", "severity"),
    [
        (environment(f"DB_PASSWORD={SECRET}"), "environment variable DB_PASSWORD", HIGH),
        (environment(f"URL=https://a:{SECRET}@b.example.com/"), "environment variable URL", CRITICAL),
        (environment(f"{TOKEN}={TOKEN}"), "environment variable without a name", CRITICAL),
        (history(f"RUN |2 A=b c NPM_TOKEN={TOKEN} /bin/sh -c x"), "build argument NPM_TOKEN", CRITICAL),
        (history(f"/bin/sh -c #(nop)  ARG PASSWORD={SECRET}"), "build argument PASSWORD", HIGH),
        (history(f'ENV PASSWORD="{SECRET}"'), "environment variable PASSWORD", HIGH),
        (history(f"RUN curl -H {TOKEN} x # buildkit"), "a credential in a step", CRITICAL),
    ],
)
def test_secrets_of_images_are_named_and_never_shown(
    config: Mapping[str, object], shown: str, severity: Severity
) -> None:
    (found,) = detections(f"FROM {SHOP}\n", "GG-SEC-018", CONTEXT._replace(images=shop(config)))
    assert shown in found.finding.message
    assert found.finding.severity == severity
    for text in (found.finding.message, found.finding.stem, repr(found)):
        assert SECRET not in text
        assert TOKEN not in text


def test_the_names_of_many_secrets_are_cut_short() -> None:
    config = environment(*(f"A{n}_PASSWORD={SECRET}" for n in "abcdefghi"))
    (found,) = detections(f"FROM {SHOP}\n", "GG-SEC-018", CONTEXT._replace(images=shop(config)))
    assert "Ae_PASSWORD and 4 more" in found.finding.message


def test_every_image_of_a_dockerfile_is_judged() -> None:
    text = f"# syntax={SHOP}\nFROM {SHOP} AS a\nFROM a\nRUN --mount=from={SHOP},target=/x true\n"
    images = shop(environment(f"DB_PASSWORD={SECRET}"))
    found = detections(text, "GG-SEC-018", CONTEXT._replace(images=images))
    assert [one.finding.place.keypath[0] for one in found] == ["syntax", "stage", "stage"]


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\n" + "RUN apt-get update && apt-get install -y x\n" * 1500,
        "FROM a\n" + "EXPOSE $P\n" * 4000,
        "FROM a AS b\nRUN true\nFROM a\n" + "COPY --from=b /etc/passwd /x\n" * 2000 + "USER app\n",
        "FROM a\n" + "".join(f"ARG A{n}_TOKEN\nRUN $A{n}_TOKEN\n" for n in range(1500)),
    ],
    ids=["updates", "ports", "copies", "arguments"],
)
def test_time_grows_with_the_length_of_a_file_and_not_with_its_square(text: str) -> None:
    start = time.process_time()
    rules = Rules(rule_set(()), lambda: rule_set(rule for rule in ALL if rule.id in TIMED))
    inspect(SourceFile("Dockerfile", text), rules, CONTEXT)
    assert time.process_time() - start < 10
