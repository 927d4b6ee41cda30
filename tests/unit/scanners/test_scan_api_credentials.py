"""What a scan service is told of who asks."""

from base64 import b64decode

import pytest

from gitops_guard.scanners.service_credentials import ANONYMOUS, service_credentials
from gitops_guard.settings import ScanSourceSetting

BASIC = ScanSourceSetting("harbor", username_from="NAME", password_from="WORD")
BEARER = ScanSourceSetting("quay", token_from="TOKEN")


def test_name_and_password_are_sent_as_basic_credentials() -> None:
    header = service_credentials(BASIC, {"NAME": "robot$ci", "WORD": "a:b c"}).header
    assert b64decode(header.removeprefix("Basic ")) == b"robot$ci:a:b c"


def test_a_token_is_sent_as_bearer_without_the_white_space_around_it() -> None:
    assert service_credentials(BEARER, {"TOKEN": " abc\n"}).header == "Bearer abc"


def test_a_token_goes_before_a_name() -> None:
    both = BASIC._replace(token_from="TOKEN")
    assert service_credentials(both, {"NAME": "a", "WORD": "b", "TOKEN": "c"}).header == "Bearer c"


def test_without_named_variables_nothing_is_sent() -> None:
    found = service_credentials(ScanSourceSetting("quay"), {"TOKEN": "abc"})
    assert (found.header, found.missing) == (ANONYMOUS.header, "")


@pytest.mark.parametrize(
    ("setting", "environment", "reason"),
    [
        (BASIC, {}, "the environment variable NAME is not set"),
        (BASIC, {"NAME": "a"}, "the environment variable WORD is not set"),
        (BASIC, {"NAME": "a", "WORD": "  "}, "the environment variable WORD is not set"),
        (BEARER, {"TOKEN": ""}, "the environment variable TOKEN is not set"),
        (BEARER, {"TOKEN": "a\r\nb"}, "the environment variable TOKEN holds a line break or another control character"),
        (BEARER, {"TOKEN": "schlüssel"}, "the environment variable TOKEN holds a character that is not ASCII"),
        (BASIC._replace(password_from=""), {"NAME": "a"}, "username_from and password_from are needed together"),
    ],
)
def test_what_cannot_be_sent_is_named(setting: ScanSourceSetting, environment: dict[str, str], reason: str) -> None:
    found = service_credentials(setting, environment)
    assert (found.missing, found.header) == (reason, "")


def test_credentials_are_never_shown() -> None:
    found = service_credentials(BASIC, {"NAME": "hidden-name", "WORD": "hidden-word"})
    assert "hidden" not in f"{found} {found!r}"
