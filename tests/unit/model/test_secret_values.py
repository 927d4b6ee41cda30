"""What is called a secret, and what is not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.model.secret_values import credentials, length_class, secret_kind, url_password

AWS = "AKIA" + "Q3EGRIWNYZ5KLM7P"
GITHUB = "ghp_" + "Zk3vB8qTn1" * 3 + "Zk3vB8"
RANDOM = "a9F3kLq82Zx7Tn1vB8qT"


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("POSTGRES_PASSWORD", "kiQ7-rover", "password"),
        ("dbPassword", "kiQ7-rover", "password"),
        ("db.password", "kiQ7-rover", "password"),
        ("RABBITMQ_DEFAULT_PASS", "kiQ7", "password"),
        ("PASSWORD_2", "kiQ7-rover", "password"),
        ("DB_PASSWORD", "changeme", "weak password"),
        ("DB_PASSWORD", "mypassword", "weak password"),
        ("DB_PASSWORD", "123456", "weak password"),
        ("API_TOKEN", RANDOM, "token"),
        ("AWS_SECRET_ACCESS_KEY", RANDOM, "key"),
        ("apiKey", RANDOM, "key"),
        ("ANYTHING", AWS, "aws access key"),
        ("ANYTHING", GITHUB, "github token"),
        ("ANYTHING", "postgres://shop:kiQ7-rover@db:5432/shop", "URL with a password"),
        ("ANYTHING", "redis://:kiQ7-rover@cache:6379", "URL with a password"),
    ],
)
def test_is_a_secret(name: str, value: str, kind: str) -> None:
    assert secret_kind(name, value) == kind


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRETS_DIR", "/etc/secrets"),
        ("SECRETS_DIR", "secrets"),
        ("TLS_SECRET_KEY_PATH", "/etc/tls/tls.key"),
        ("DB_PASSWORD_FILE", "/run/secrets/db/password"),
        ("DB_PASSWORD_FILE", "kiQ7-rover"),
        ("DB_PASSWORD", "/run/secrets/db"),
        ("DB_PASSWORD", "file:///run/secrets/db/password"),
        ("DB_PASSWORD", "$(OTHER)"),
        ("DB_PASSWORD", "${OTHER}"),
        ("DB_PASSWORD", "$OTHER"),
        ("DB_PASSWORD", "{{ .Values.password }}"),
        ("DB_PASSWORD", "ENC[AES256_GCM,data:Zm9v]"),
        ("DB_PASSWORD", "<path:kv/data/db#password>"),
        ("DB_PASSWORD", "<your-password>"),
        ("DB_PASSWORD", "YOUR_PASSWORD_HERE"),
        ("DB_PASSWORD", "REPLACE_ME"),
        ("DB_PASSWORD", "xxxxxxxx"),
        ("DB_PASSWORD", "********"),
        ("DB_PASSWORD", ""),
        ("ENABLE_PASSWORD", "true"),
        ("PASSWORD_MIN_LENGTH", "12"),
        ("secretName", "shop-db"),
        ("SECRET", "shop-session-secret"),
        ("TOKEN_URL", "https://login.example.org/oauth/token"),
        ("DATABASE_URL", "postgres://db:5432/shop"),
        ("DATABASE_URL", "postgres://shop:$(DB_PASSWORD)@db/shop"),
        ("DATABASE_URL", "postgres://shop:${DB_PASSWORD}@db/shop"),
        ("PUBLIC_KEY", RANDOM),
        ("CACHE_KEY", RANDOM),
        ("KEY", "name"),
        ("COMPASS", "north"),
        ("MONKEY", RANDOM),
        ("ANYTHING", "AKIA" + "IOSFODNN7EXAMPLE"),
        ("TOKEN", "12345678901234567890"),
    ],
)
def test_is_no_secret(name: str, value: str) -> None:
    assert secret_kind(name, value) == ""


@given(st.text(max_size=300), st.text(max_size=300))
def test_the_kind_never_holds_the_value(name: str, value: str) -> None:
    kind = secret_kind(name, value)
    assert kind in {
        "",
        "password",
        "weak password",
        "token",
        "key",
        "URL with a password",
    }
    assert length_class(value) in {"short", "of middle length", "long"}


@given(st.text(max_size=50), st.text(max_size=50))
def test_a_credential_is_found_where_it_stands(before: str, after: str) -> None:
    text = f"{before} {AWS} {after}"
    spans = [span for kind, span in credentials(text) if kind == "aws-access-key"]
    assert (len(before) + 1, len(before) + 1 + len(AWS)) in spans


def test_a_private_key_is_covered_to_its_end() -> None:
    body = "MIIEpAIBAAKCAQEA" + "q7Zt3Vd0sKfYw2RbX1Lh"
    text = f"-----BEGIN PRIVATE KEY-----\n{body}\n{body}\n-----END PRIVATE KEY-----\n"
    (found,) = credentials(text)
    assert found.kind == "private-key"
    assert text[found.span.end :] == "-----END PRIVATE KEY-----\n"


def test_the_password_of_a_url_is_located() -> None:
    text = "see postgres://shop:kiQ7-rover@db/shop"
    span = url_password(text)
    assert span is not None
    assert text[slice(*span)] == "kiQ7-rover"


@pytest.mark.parametrize(
    "text",
    [
        "your" * 500_000,
        "a://" * 500_000,
        "a:b@" * 500_000,
        "http://" + "a" * 2_000_000,
        "ghp_" + "a" * 2_000_000,
        ("-----BEGIN RSA PRIVATE KEY-----" + " " * 39) * 20_000,
        "xoxb-12345678-" * 100_000,
        "SG." + "a" * 22 + "." * 2_000_000,
    ],
    ids=range(8),
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    start = time.process_time()
    secret_kind("password", text)
    list(credentials(text))
    assert time.process_time() - start < 2
