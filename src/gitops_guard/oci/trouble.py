"""What went wrong with a request to a registry, as a `RegistryError`."""

import re
from collections.abc import Mapping

from gitops_guard.oci.content import RegistryError, RegistryTrouble
from gitops_guard.oci.json_object import json_object, objects_of, text_of
from gitops_guard.web.client import Answer, WebError

UNAUTHORISED = 401
_FORBIDDEN, _NOT_FOUND, _TOO_MANY, _SERVER_ERROR = 403, 404, 429, 500
_OF_WEB: Mapping[str, RegistryTrouble] = {
    "address": "not-allowed",
    "budget": "budget",
    "refused": "unavailable",
    "dns": "unavailable",
    "tls": "unavailable",
    "timeout": "timeout",
    "rate-limited": "rate-limited",
}
_CODE = re.compile(r"[A-Z][A-Z_]{1,39}")
_WORDS: Mapping[RegistryTrouble, str] = {
    "not-found": "is not there",
    "forbidden": "may not be read with these credentials",
    "rate-limited": "is not answered now: the registry's rate limit is used up",
    "unavailable": "is not answered now",
    "content": "is not answered as the specification says",
}


def of_web(error: WebError, what: str) -> RegistryError:
    """The error for a request that got no usable answer; `what` names what was asked for."""
    return RegistryError(_OF_WEB.get(error.trouble, "content"), f"{what}: {error.message}")


def of_answer(answer: Answer, what: str) -> RegistryError:
    """The error for an answer that is neither a success nor 401.

    Its text holds the status and the registry's own code, such as MANIFEST_UNKNOWN, but no text of the registry.
    """
    code = error_code(answer.body)
    trouble = _trouble(answer.status, code)
    return RegistryError(trouble, f"{what} {_WORDS[trouble]} (status {answer.status}{code and ' ' + code})")


def error_code(body: bytes) -> str:
    """The code of an answer's first error (distribution specification, "Error Codes"); empty where there is none."""
    try:
        errors = objects_of(json_object(body, "the answer"), "errors")
    except RegistryError:
        return ""
    code = text_of(errors[0], "code") if errors else ""
    return code if _CODE.fullmatch(code) else ""


def _trouble(status: int, code: str) -> RegistryTrouble:
    if status == _TOO_MANY or code == "TOOMANYREQUESTS":
        return "rate-limited"
    if status >= _SERVER_ERROR:
        return "unavailable"
    if status == _FORBIDDEN:
        return "forbidden"
    return "not-found" if status == _NOT_FOUND else "content"
