"""Code scanning: takes SARIF, checks its limits, and has read it at the second look."""

import base64
import gzip
import json

from .call import REPOSITORY, Answer, Call, Entry, RefusalError
from .description import Json, filled

SIZE_LIMIT, RESULTS_LIMIT = 10 * 1024 * 1024, 25_000


def upload(call: Call) -> Answer:
    if not call.state.code_scanning:
        raise RefusalError(403, "Advanced Security must be enabled for this repository to use code scanning.")
    raw = base64.b64decode(call.body["sarif"], validate=True)
    if len(raw) > SIZE_LIMIT:
        raise RefusalError(413, "Payload too large")
    document = json.loads(gzip.decompress(raw))
    identity = f"{call.state.new_id():08x}-0000-0000-0000-000000000000"
    call.state.sarifs.append(
        {"id": identity, "commit": call.body["commit_sha"], "ref": call.body["ref"], "document": document, "looks": 0}
    )
    return Answer(202, {"id": identity, "url": f"{call.url}/sarifs/{identity}"})


def status(call: Call) -> Answer:
    found = next((one for one in call.state.sarifs if one["id"] == call.route.values["sarif_id"]), None)
    if found is None:
        raise RefusalError(404, "Not Found")
    found["looks"] += 1
    values: Json = {"processing_status": "complete" if found["looks"] > 1 else "pending"}
    if any(len(run["results"]) > RESULTS_LIMIT for run in found["document"]["runs"]):
        values = {"processing_status": "failed", "errors": ["too many results"]}
    return Answer(200, filled("code-scanning-sarifs-status", values))


ENTRIES = {
    ("post", REPOSITORY + "/code-scanning/sarifs"): Entry(upload, (("security_events", "write"),)),
    ("get", REPOSITORY + "/code-scanning/sarifs/{sarif_id}"): Entry(status, (("security_events", "read"),)),
}
