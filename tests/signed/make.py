"""Makes the layout beside it: images signed and attested by a real cosign with throw-away keys.

Needs cosign 2.6 (on the PATH, or named by GG_COSIGN), docker-registry and skopeo. Run it from anywhere; it replaces
`layout`, `team.pub` and `other.pub`. The private keys are not kept.

    signed     simple signing (`.sig`) and an attestation (`.att`)
    bundled    a signature and an attestation as sigstore bundles, found through the referrers' fallback tag
    attested   an attestation as a bundle, and no signature
    plain      nothing
"""

import hashlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
LAYOUT = HERE / "layout"
NAMES = ("signed", "bundled", "attested", "plain")
ACCEPT = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json"
VULNERABILITIES = {
    "scanner": {
        "uri": "pkg:github/aquasecurity/trivy@0.57.0",
        "version": "0.57.0",
        "db": {"uri": "", "version": ""},
        "result": {
            "SchemaVersion": 2,
            "ArtifactName": "registry.example.com/team/app:1.0",
            "Results": [
                {
                    "Target": "registry.example.com/team/app:1.0 (debian 12.7)",
                    "Class": "os-pkgs",
                    "Type": "debian",
                    "Vulnerabilities": [
                        {
                            "VulnerabilityID": "CVE-2024-0001",
                            "PkgName": "libexample",
                            "InstalledVersion": "1.0-1",
                            "FixedVersion": "1.0-2",
                            "Severity": "HIGH",
                        }
                    ],
                }
            ],
        },
    },
    "metadata": {"scanStartedOn": "2025-01-02T03:04:05Z", "scanFinishedOn": "2025-01-02T03:04:06Z"},
}


def main() -> None:
    """Starts a registry, signs in it, and takes everything out of it again."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        port, registry = start(work)
        try:
            make(work, f"127.0.0.1:{port}")
        finally:
            registry.terminate()
            registry.wait()


def start(work: Path) -> tuple[int, "subprocess.Popen[bytes]"]:
    """A docker-registry on a free port, ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = (
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {work}/data}}}}\nhttp: {{addr: 127.0.0.1:{port}}}\n"
    )
    (work / "registry.yml").write_text(settings)
    with (work / "registry.log").open("wb") as log:
        registry = subprocess.Popen(["docker-registry", "serve", work / "registry.yml"], stdout=log, stderr=log)
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return port, registry
        time.sleep(0.1)
    raise SystemExit((work / "registry.log").read_text())


def make(work: Path, host: str) -> None:
    """Fills the registry, and the layout from it."""
    (work / "vulnerabilities.json").write_text(json.dumps(VULNERABILITIES))
    for key in ("team", "other"):
        cosign(work, "generate-key-pair", "--output-key-prefix", key)
        shutil.copy(work / f"{key}.pub", HERE / f"{key}.pub")
    signing = ("--key", "team.key", "--tlog-upload=false", "-y")
    attest = ("attest", "--type", "vuln", "--predicate", "vulnerabilities.json", *signing)
    image = {name: push_image(work, host, name) for name in NAMES}
    cosign(work, "sign", *signing, image["signed"])
    cosign(work, *attest, image["signed"])
    cosign(work, "sign", "--new-bundle-format", *signing, image["bundled"])
    cosign(work, *attest, "--new-bundle-format", image["bundled"])
    cosign(work, *attest, "--new-bundle-format", image["attested"])
    write_layout(host)


def cosign(work: Path, *arguments: str) -> None:
    """Runs cosign without a network, in its own home."""
    program = os.environ.get("GG_COSIGN") or shutil.which("cosign") or "cosign"
    environment = {"HOME": str(work), "PATH": os.environ["PATH"], "COSIGN_PASSWORD": "throw-away"}
    subprocess.run([program, *arguments], cwd=work, env=environment, check=True, stdout=subprocess.DEVNULL)


def push_image(work: Path, host: str, name: str) -> str:
    """Pushes an image without layers under a tag of its name; gives its reference by digest."""
    folder = work / name
    (folder / "blobs" / "sha256").mkdir(parents=True)
    config = {
        "architecture": "amd64",
        "os": "linux",
        "created": "2025-01-02T03:04:05Z",
        "config": {"Labels": {"org.opencontainers.image.title": name}},
        "rootfs": {"type": "layers", "diff_ids": []},
    }
    described = keep(folder, json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json")
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = {"schemaVersion": 2, "mediaType": kind, "config": described, "layers": []}
    entry = keep(folder, json.dumps(manifest).encode(), kind)
    write_index(folder, [{**entry, "annotations": {"org.opencontainers.image.ref.name": name}}])
    target = f"{host}/team/app"
    command = ["skopeo", "copy", "-q", "--dest-tls-verify=false", f"oci:{folder}:{name}", f"docker://{target}:{name}"]
    subprocess.run(command, check=True)
    return f"{target}@{entry['digest']}"


def keep(folder: Path, content: bytes, media_type: str) -> dict[str, object]:
    """Puts content into a layout; gives its descriptor."""
    hexadecimal = hashlib.sha256(content).hexdigest()
    (folder / "blobs" / "sha256" / hexadecimal).write_bytes(content)
    return {"mediaType": media_type, "digest": f"sha256:{hexadecimal}", "size": len(content)}


def write_index(folder: Path, entries: list[dict[str, object]]) -> None:
    """Writes what makes a folder of blobs a layout."""
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}\n')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}, indent=2) + "\n")


def write_layout(host: str) -> None:
    """Takes every tag of the registry, and all that hangs on it."""
    shutil.rmtree(LAYOUT, ignore_errors=True)
    (LAYOUT / "blobs" / "sha256").mkdir(parents=True)
    tags = sorted(json.loads(get(host, "tags/list")[1])["tags"])
    named = {tag: take_manifest(host, tag) for tag in tags}
    name = "org.opencontainers.image.ref.name"
    write_index(LAYOUT, [{**entry, "annotations": {name: tag}} for tag, entry in named.items()])


def take_manifest(host: str, reference: str) -> dict[str, object]:
    """A manifest or index, with its blobs and manifests."""
    media_type, content = get(host, f"manifests/{reference}")
    body = json.loads(content)
    for entry in body.get("manifests", ()):
        take_manifest(host, entry["digest"])
    for entry in (*body.get("layers", ()), *([body["config"]] if "config" in body else ())):
        keep(LAYOUT, get(host, f"blobs/{entry['digest']}")[1], entry["mediaType"])
    return keep(LAYOUT, content, media_type)


def get(host: str, path: str) -> tuple[str, bytes]:
    """Media type and body of an answer."""
    connection = http.client.HTTPConnection(host, timeout=10)
    try:
        connection.request("GET", f"/v2/team/app/{path}", headers={"Accept": ACCEPT})
        answer = connection.getresponse()
        return answer.getheader("Content-Type", ""), answer.read()
    finally:
        connection.close()


if __name__ == "__main__":
    main()
