"""Credential or private key in a file.

## What it does
Reports texts with the unmistakable form of a credential, in any file that is scanned: cloud access keys, tokens of
GitHub, GitLab, Slack, Stripe, Google, npm, PyPI, SendGrid, Docker Hub, Vault and others, and private keys. Values that
documentation uses as examples are left out.

## Why it matters
Bots read public repositories for these forms within minutes, and everybody with a clone has them for good.

## Fix safety
No automatic fix: revoke the credential at its issuer first. Taking it out of the file leaves it in Git's history.

## References
MITRE ATT&CK T1552.001 and T1552.004. CIS Docker Benchmark 1.6.0, 4.10.
"""

from collections.abc import Iterator

from gitops_guard.finding import CRITICAL
from gitops_guard.model.secret_values import credentials
from gitops_guard.rule import Example, Problem, Rule, RuleContext, Spot
from gitops_guard.rules.sec.controls import COMMON
from gitops_guard.source_file import SourceFile


def check(file: SourceFile, _: RuleContext) -> Iterator[Problem]:
    """Reports every credential of a known form."""
    for kind, span in credentials(file.text):
        yield Problem(
            Spot(("credential", kind), span),
            f"holds a credential ({kind.replace('-', ' ')}, not shown here): revoke it at its issuer, then remove it",
            masked=(span,),
        )


_CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop\ndata:\n  settings: "
_AWS = "AKIA" + "Q3EGRIWNYZ5KLM7P"
_KEY_LINE = "MIIEpAIBAAKCAQEA" + "q7Zt3Vd0sKfYw2RbX1Lh"
_BEGIN, _END = "-----BEGIN RSA PRIVATE" + " KEY-----", "-----END RSA PRIVATE" + " KEY-----"

RULE = Rule(
    id="GG-SEC-012",
    name="credential",
    title="Credential or private key in a file",
    severity=CRITICAL,
    applies_to=SourceFile,
    check=check,
    aliases=("CKV_SECRET_2", "CKV_SECRET_13", "C-0012", "aws-access-key-id", "private-key"),
    controls=(
        "cis_docker:4.10",
        *COMMON[1:],
        "mitre:T1552.001",
        "mitre:T1552.004",
        "sp800_53:IA-5(7)",
        "pci:8.6.2",
    ),
    bad=(
        Example(_CONFIG + f"key={_AWS}\n", at="credential.aws-access-key"),
        Example(_CONFIG + "ghp_" + "Zk3vB8qTn1" * 3 + "Zk3vB8\n", at="credential.github-token"),
        Example(
            _CONFIG + f"|\n    {_BEGIN}\n    {_KEY_LINE}\n    {_END}\n",
            at="credential.private-key",
        ),
    ),
    good=(
        Example(_CONFIG + "key=AKIA" + "IOSFODNN7EXAMPLE\n"),
        Example(_CONFIG + f"|\n    {_BEGIN}\n    <your key>\n    {_END}\n"),
        Example(_CONFIG + "ghp_" + "x" * 36 + "\n"),
        Example(_CONFIG + '"AKIA, ghp_ and glpat- are prefixes"\n'),
    ),
)
