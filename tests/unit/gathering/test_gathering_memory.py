"""What is kept between runs, and the form in which it is kept."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.errors import ConfigurationError
from gitops_guard.facts.image import ImageConfig, ImageFacts, Leak, Signature, Unknown, Upgrade
from gitops_guard.facts.known import KnownImages
from gitops_guard.facts.scan import Scan, Vulnerability
from gitops_guard.gathering import snapshot
from gitops_guard.gathering.memory import FRESH, Content, Memory, folder
from gitops_guard.gathering.typed_json import WrongTypeError, from_json, to_json

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SHA = "sha256:" + "0123456789abcdef" * 4
SCAN = Scan(
    "findings", "harbor", digest=SHA, scanned_at=NOW, end_of_life=False,
    vulnerabilities=(Vulnerability("CVE-1", "high", "a", "1", fixed="2", aliases=("GHSA-1",), kev=True, epss=0.5),),
)  # fmt: skip
FACTS = ImageFacts(
    "docker.io/library/nginx:1.27.4", tag_digest=SHA, digest=SHA, is_index=True, platforms=("linux/amd64",),
    created=NOW, config=ImageConfig("1000", ("80/tcp",), (("a", "b"),), (Leak("variable A", certain=True),)),
    signature=Signature("verified", "release"), scan=SCAN, upgrade=Upgrade("1.27.5", SHA, SCAN, Scan("clean")),
    observed_at=NOW,
)  # fmt: skip

texts = st.text(max_size=8)
moments = st.none() | st.datetimes(timezones=st.just(UTC))
vulnerabilities = st.builds(
    Vulnerability, texts, st.sampled_from(["critical", "low", "unknown"]), texts, texts,
    aliases=st.lists(texts, max_size=2).map(tuple), kev=st.none() | st.booleans(), epss=st.none() | st.floats(0, 1),
)  # fmt: skip
scans = st.builds(
    Scan, st.sampled_from(["clean", "stale"]), texts, scanned_at=moments,
    vulnerabilities=st.lists(vulnerabilities, max_size=2).map(tuple), end_of_life=st.none() | st.booleans(),
)  # fmt: skip
facts = st.builds(
    FACTS._replace,
    reference=texts, is_index=st.none() | st.booleans(), platforms=st.lists(texts, max_size=2).map(tuple),
    created=moments, scan=st.none() | scans, config=st.none() | st.builds(ImageConfig, texts),
    unknown=st.lists(st.builds(Unknown, texts, texts), max_size=1).map(tuple), observed_at=moments,
)  # fmt: skip
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
keys = st.sampled_from([*ImageFacts._fields, "state", "x"])
anything = st.dictionaries(
    keys, scalars | st.lists(scalars, max_size=2) | st.dictionaries(keys, scalars, max_size=2), max_size=3
)


@given(facts)
def test_what_is_written_is_read_back(value: ImageFacts) -> None:
    assert from_json(ImageFacts, json.loads(json.dumps(to_json(value)))) == value


def read(value: object) -> ImageFacts | None:
    try:
        return from_json(ImageFacts, value)
    except WrongTypeError:
        return None


@given(anything)
def test_what_is_read_is_of_the_declared_types_and_everything_else_is_an_error(value: dict[str, object]) -> None:
    found = read(value)
    assert found == (None if found is None else read(to_json(found)))
    assert found is None or isinstance(found.reference, str)
    assert (read(value | {"reference": "a"}) is None) <= (len(value) > 0)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "the value is no object"),
        ({}, "has no 'reference'"),
        ({"reference": 1}, "reference is not what is expected there"),
        ({"reference": "a", "more": 1}, "unknown key 'more'"),
        ({"reference": "a", "is_index": 1}, "is_index is not"),
        ({"reference": "a", "platforms": "linux"}, "platforms is no list"),
        ({"reference": "a", "created": "2026-01-01T00:00:00"}, "created is no time with its zone"),
        ({"reference": "a", "signature": {"state": "fine"}}, "signature.state is not"),
        ({"reference": "a", "config": {"labels": [["a"]]}}, "config.labels[0] has 1 items, not 2"),
    ],
)
def test_errors_name_the_place(value: object, message: str) -> None:
    with pytest.raises(WrongTypeError) as caught:
        from_json(ImageFacts, value)
    assert message in str(caught.value)


def test_facts_are_kept_for_a_while_and_content_for_ever(tmp_path: Path) -> None:
    content = Content(is_index=True, platform_digest=SHA, created=NOW, config=FACTS.config)
    Memory(tmp_path, NOW, "a").keep_facts(FACTS)
    Memory(tmp_path, NOW, "a").keep_content(SHA, "linux/amd64", content)
    later = Memory(tmp_path, NOW + FRESH, "a")
    assert later.facts(FACTS.reference) == FACTS
    much_later = Memory(tmp_path, NOW + timedelta(days=900), "b")
    assert much_later.content(SHA, "linux/amd64") == content
    assert much_later.content(SHA, "linux/arm64") is None
    assert Memory(tmp_path, NOW + FRESH + timedelta(seconds=1), "a").facts(FACTS.reference) is None
    assert Memory(tmp_path, NOW - timedelta(seconds=1), "a").facts(FACTS.reference) is None


def test_facts_of_another_situation_or_incomplete_ones_are_not_taken(tmp_path: Path) -> None:
    memory = Memory(tmp_path, NOW, "a")
    memory.keep_facts(FACTS)
    assert Memory(tmp_path, NOW, "other signers").facts(FACTS.reference) is None
    memory.keep_facts(FACTS._replace(reference="docker.io/library/a:1", unknown=(Unknown("scan", "401"),)))
    assert memory.facts("docker.io/library/a:1") is None


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b'{"name": "x", "value": {}}', b"[" * 100_000])
def test_a_damaged_file_is_as_good_as_none(raw: bytes, tmp_path: Path) -> None:
    memory = Memory(tmp_path, NOW, "a")
    memory.keep_facts(FACTS)
    (file,) = tmp_path.iterdir()
    file.write_bytes(raw)
    assert memory.facts(FACTS.reference) is None


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memory = Memory(tmp_path / "file" / "below", NOW, "a")
    memory.keep_facts(FACTS)
    assert memory.facts(FACTS.reference) is None
    nowhere = Memory(None, NOW, "a")
    nowhere.keep_facts(FACTS)
    assert nowhere.facts(FACTS.reference) is None


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"XDG_CACHE_HOME": "/c", "HOME": "/h"}, Path("/c/gitops-guard/images")),
        ({"HOME": "/h"}, Path("/h/.cache/gitops-guard/images")),
        ({}, None),
    ],
)
def test_where_facts_are_kept(environment: dict[str, str], expected: Path | None) -> None:
    assert folder(environment) == expected


def test_a_snapshot_holds_a_line_for_each_image() -> None:
    other = FACTS._replace(reference="docker.io/library/a:1")
    text = snapshot.render(KnownImages({FACTS.reference: FACTS, other.reference: other}), NOW)
    assert [line.partition(":")[0].strip(' "') for line in text.splitlines()[1:3]] == [
        "docker.io/library/a",
        "docker.io/library/nginx",
    ]
    assert snapshot.read(text, "s").all() == (other, FACTS)


def test_a_snapshot_of_another_version_is_refused() -> None:
    text = snapshot.render(KnownImages({FACTS.reference: FACTS}), NOW).replace(
        '"schema_version": "1"', '"schema_version": "9"'
    )
    with pytest.raises(ConfigurationError, match="no snapshot of version 1"):
        snapshot.read(text, "s")
