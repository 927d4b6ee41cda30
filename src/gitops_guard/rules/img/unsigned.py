"""Image that nobody whom the team trusts has signed.

## What it does
Where `signers` are configured, reports images without a signature, or with signatures none of which verifies with a
signer's key or identity. Presence is not verification: a signature that nobody could check is said to be just that.

## Why it matters
A digest says what the content is, a signature who made it.

## Fix safety
There is no fix in the repository: whoever builds the image has to sign it.

## References
NIST SP 800-190, section 4.1.5. Sigstore, "Verifying Signatures".
"""

from collections.abc import Iterator

from gitops_guard.facts.image import ImageFacts, Signature, Unknown
from gitops_guard.finding import MEDIUM
from gitops_guard.model.named_image import NamedImage
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.rules.img.example import AT, pod
from gitops_guard.rules.img.known_example import MADE
from gitops_guard.rules.img.use import Use, as_of, on_yaml


def judge(use: Use, context: RuleContext) -> Iterator[Problem]:
    """Reports images whose signature is missing or does not hold."""
    facts, signers = use.facts(context), context.settings.signers
    if facts is None or not signers:
        return
    names, end = " or ".join(signer.name for signer in signers), as_of(facts, context.today)
    signature = facts.signature
    if signature.state == "none":
        yield use.problem(f", which is not signed; expected is {names}{end}")
    elif signature.state == "rejected":
        yield use.problem(f", whose signature is not one of {names}: {signature.reason}{end}")
    elif signature.state != "verified":
        unknown = context.settings.image_policy.unknown
        if unknown is not None:
            reason = signature.reason or facts.why_unknown("signature") or "nobody looked"
            yield use.problem(f", and whether {names} signed it is not known: {reason}{end}", severity=unknown)


_SIGNERS = """signers:
  - name: release
    key: |
      -----BEGIN PUBLIC KEY-----
      MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
      -----END PUBLIC KEY-----
"""


def _signed(signature: Signature) -> tuple[ImageFacts, ...]:
    return (MADE._replace(signature=signature),)


RULE = Rule(
    id="GG-IMG-011",
    name="unsigned-image",
    title="Image has no verifiable signature or provenance from an accepted identity",
    severity=MEDIUM,
    applies_to=NamedImage,
    check=on_yaml(judge),
    aliases=(),
    controls=(
        "cis_k8s:5.5.1", "cis_docker:4.5", "cis_docker:4.12", "nsa:pod-image-build", "mitre:T1195.002", "mitre:T1525",
        "sp800_190:4.1.5", "sp800_53:CM-14", "sp800_53:SR-4(3)", "sp800_53:SR-11", "pci:6.3.2", "owasp_k8s_2025:K04",
    ),
    bad=(
        Example(pod("nginx:1.27.4"), at=AT, settings=_SIGNERS, known=lambda: _signed(Signature("none"))),
        Example(
            pod("nginx:1.27.4"), at=AT, settings=_SIGNERS,
            known=lambda: _signed(Signature("rejected", reason="it is for another digest")),
        ),
        Example(pod("nginx:1.27.4"), at=AT, settings=_SIGNERS, known=lambda: _signed(Signature("present"))),
        Example(
            pod("nginx:1.27.4"), at=AT, settings=_SIGNERS,
            known=lambda: (MADE._replace(unknown=(Unknown("signature", "the registry answered 401"),)),),
        ),
    ),
    good=(
        Example(
            pod("nginx:1.27.4"), settings=_SIGNERS, known=lambda: _signed(Signature("verified", "release"))
        ),
        Example(pod("nginx:1.27.4"), known=lambda: _signed(Signature("none"))),
        Example(pod("nginx:1.27.4"), settings=_SIGNERS),
    ),
)  # fmt: skip
