"""Asks ECR through boto3, an extra: only `ecr` imports this, and only when ECR is asked."""

from collections.abc import Mapping
from typing import Protocol

from boto3.session import Session  # type: ignore[import-untyped]
from botocore import exceptions  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]

from gitops_guard.facts.scan import ScanState
from gitops_guard.scanners.json_reading import Object, section, text
from gitops_guard.scanners.scan_answers import NoResultError, whole, word
from gitops_guard.scanners.service_credentials import ServiceCredentials

_LIMITS = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2, "mode": "standard"})
_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY, _SERVER_ERROR = 401, 403, 429, 500
_REFUSALS: dict[str, tuple[ScanState, str]] = {
    "ScanNotFoundException": ("missing", "the image was never scanned"),
    "ImageNotFoundException": ("missing", "ECR knows no such image"),
    "RepositoryNotFoundException": ("missing", "ECR knows no such repository"),
    "AccessDeniedException": ("unauthorised", "the credentials lack ecr:DescribeImageScanFindings"),
    "AccessDenied": ("unauthorised", "the credentials lack ecr:DescribeImageScanFindings"),
    "UnrecognizedClientException": ("unauthorised", "AWS does not know these credentials"),
    "InvalidClientTokenId": ("unauthorised", "AWS does not know these credentials"),
    "InvalidSignatureException": ("unauthorised", "AWS refused the secret key"),
    "SignatureDoesNotMatch": ("unauthorised", "AWS refused the secret key"),
    "ExpiredTokenException": ("unauthorised", "the credentials have expired"),
    "ExpiredToken": ("unauthorised", "the credentials have expired"),
    "ThrottlingException": ("unavailable", "AWS limits the rate of requests"),
    "Throttling": ("unavailable", "AWS limits the rate of requests"),
    "TooManyRequestsException": ("unavailable", "AWS limits the rate of requests"),
    "RequestLimitExceeded": ("unavailable", "AWS limits the rate of requests"),
}
_NO_CREDENTIALS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.NoAuthTokenError,
    exceptions.TokenRetrievalError,
    exceptions.SSOError,
)
_SILENCE = (exceptions.HTTPClientError, exceptions.ConnectionError)
_UNREADABLE = (ResponseParserError, ValueError, TypeError, AttributeError, RecursionError)
"""What botocore's parser makes of an answer whose types are wrong."""


class Client(Protocol):
    """What of boto3's ECR client is used."""

    def describe_image_scan_findings(self, **parameters: object) -> Object:
        """One page of findings."""


def new_client(region: str, endpoint: str, credentials: ServiceCredentials) -> Client:
    """A client for one region.

    Args:
        region: such as `eu-west-1`.
        endpoint: another address than that of AWS; empty for that one.
        credentials: empty ones leave it to boto3 to find some.

    Raises:
        NoResultError: boto3's own configuration is wrong.
    """
    try:
        session = Session(credentials.username or None, credentials.password or None, credentials.token or None)
        client: Client = session.client("ecr", region_name=region, endpoint_url=endpoint or None, config=_LIMITS)
    except (exceptions.BotoCoreError, ValueError) as error:
        raise NoResultError("unavailable", f"boto3 cannot be set up: {type(error).__name__}") from None
    return client


def one_page(client: Client, parameters: Mapping[str, object]) -> Object:
    """One page of findings.

    Raises:
        NoResultError: there is none.
    """
    try:
        return client.describe_image_scan_findings(**parameters)
    except exceptions.ClientError as error:
        raise _refused(error.response) from None
    except _NO_CREDENTIALS as error:
        what = f"there are no usable credentials for AWS: {type(error).__name__}"
        raise NoResultError("unauthorised", what) from None
    except _SILENCE as error:
        raise NoResultError("unavailable", f"ECR did not answer: {type(error).__name__}") from None
    except exceptions.BotoCoreError as error:
        raise NoResultError("failed", f"boto3 could not ask ECR: {type(error).__name__}") from None
    except _UNREADABLE as error:
        raise NoResultError("failed", f"ECR's answer could not be read: {type(error).__name__}") from None


def _refused(response: Object) -> NoResultError:
    code = text(section(response, "Error").get("Code"))
    status = whole(section(response, "ResponseMetadata").get("HTTPStatusCode"))
    if code in _REFUSALS:
        return NoResultError(*_REFUSALS[code])
    if status >= _SERVER_ERROR or status == _TOO_MANY:
        return NoResultError("unavailable", f"ECR answered {status}")
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        return NoResultError("unauthorised", f"AWS refused the credentials ({status})")
    return NoResultError("failed", f"ECR refused the question: {word(code)}")
