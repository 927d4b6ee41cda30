"""Key material or credential file copied into the image.

## What it does
Reports `COPY` and `ADD` of private keys, keystores and files in which programs keep credentials, by their names.
Public keys, certificates and examples (`.env.example`) are silent. In a stage that is not part of the image the
finding is of high severity: the build cache still holds the file.

## Why it matters
A file stays in its layer even if a later instruction deletes it.

## Fix safety
No automatic fix: give the file with `RUN --mount=type=secret`, list it in `.dockerignore`, replace the credential.

## References
CIS Docker Benchmark, 4.10. NIST SP 800-190, section 4.1.4. BuildKit, "Build secrets".
"""

import re
from collections.abc import Iterator

from gitops_guard.finding import CRITICAL, HIGH
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.rules.dockerfile_places import final_numbers, spot, steps
from gitops_guard.syntax.dockerfile import Dockerfile

_NAMES = frozenset((
    "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".npmrc", ".netrc", "_netrc", ".pypirc", ".git-credentials",
    ".pgpass", ".env", ".aws", ".ssh", ".kube", ".dockercfg", ".vault-token", ".htpasswd", ".my.cnf", "kubeconfig",
    "credentials.json", "service-account.json", "serviceaccount.json", "secrets.yaml", "secrets.yml", "secrets.json",
    "secret.txt", "secrets.txt", "password.txt", "passwords.txt",
))  # fmt: skip
_ENDINGS = re.compile(r"\.(?:key|p12|pfx|jks|keystore|ppk|kdbx)$|(?:key|private)[^/]*\.pem$|^\.env\.", re.IGNORECASE)
_PATHS = (".aws/credentials", ".docker/config.json", ".kube/config", ".config/gcloud")
_HARMLESS = re.compile(
    r"example|sample|template|\.dist$|\.pub$|public|pub[-_.]|signing|archive|apt|repo|gpg|keyring|release",
    re.IGNORECASE,
)


def check(dockerfile: Dockerfile, _: RuleContext) -> Iterator[Problem]:
    """Reports copied key material."""
    final = final_numbers(dockerfile)
    for stage, instruction in steps(dockerfile):
        if instruction.keyword not in {"COPY", "ADD"} or stage is None:
            continue
        for source in instruction.values[:-1]:
            if is_key_material(source.text):
                yield Problem(
                    spot(stage, source.span or instruction.span, "copied", source.text),
                    f"{source.text} is copied into a layer: give it as a build secret, and replace the credential",
                    severity=CRITICAL if stage.number in final else HIGH,
                )


def is_key_material(path: str) -> bool:
    """Whether a path names a file in which credentials are kept."""
    if path.startswith("<<") or "://" in path:
        return False
    trimmed = path.rstrip("/")
    name = trimmed.rpartition("/")[2]
    if _HARMLESS.search(name):
        return False
    return (
        name.lower() in _NAMES or bool(_ENDINGS.search(name)) or f"/{trimmed}".endswith(tuple(f"/{p}" for p in _PATHS))
    )


def _file(text: str, at: str | tuple[str, ...] = ()) -> Example:
    return Example(text, at=at, path="Dockerfile")


_FROM = "FROM alpine:3.20\n"

RULE = Rule(
    id="GG-DKR-004",
    name="copied-key-material",
    title="Key material or credential file is copied into the image",
    severity=CRITICAL,
    applies_to=Dockerfile,
    check=check,
    aliases=(),
    controls=(
        "cis_docker:4.10", "nsa:net-secrets", "mitre:T1552.001", "mitre:T1552.004", "sp800_190:4.1.4",
        "sp800_53:IA-5(7)", "pci:8.6.2", "pci:3.6.1", "owasp_k8s_2025:K03",
    ),
    bad=(
        _file(_FROM + "COPY id_rsa /root/.ssh/id_rsa\n", "stage.final.copied.id_rsa"),
        _file(_FROM + 'COPY ["app.py", "conf/tls.key", "/etc/"]\n', 'stage.final.copied["conf/tls.key"]'),
        _file(_FROM + "ADD .npmrc /root/\n", 'stage.final.copied[".npmrc"]'),
        _file("FROM alpine:3.20 AS build\nCOPY .env .\nFROM scratch\n", 'stage.build.copied[".env"]'),
        _file(_FROM + "ONBUILD COPY .netrc /root/\n", 'stage.final.copied[".netrc"]'),
    ),
    good=(
        _file(_FROM + "COPY id_rsa.pub ca.pem .env.example nginx_signing.key /etc/\n"),
        _file(_FROM + "COPY <<EOF /etc/app.key\nx\nEOF\n"),
        _file(_FROM + "COPY monkey.py keys.go /src/\nRUN --mount=type=secret,id=npmrc true\n"),
    ),
)  # fmt: skip
