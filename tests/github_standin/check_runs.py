"""Check runs."""

from .call import REPOSITORY, Answer, Call, Entry
from .description import filled


def create_check_run(call: Call) -> Answer:
    run = dict(call.body)
    run |= {"id": call.state.new_id()}
    call.state.check_runs.append(run)
    output = filled("check-run", {})["output"] | {
        "title": run.get("output", {}).get("title"),
        "summary": run.get("output", {}).get("summary"),
        "annotations_count": len(run.get("output", {}).get("annotations", [])),
    }
    values = {"id": run["id"], "name": run["name"], "head_sha": run["head_sha"], "output": output}
    values |= {"status": run.get("status", "queued"), "conclusion": run.get("conclusion")}
    return Answer(201, filled("check-run", values))


ENTRIES = {
    ("post", REPOSITORY + "/check-runs"): Entry(create_check_run, (("checks", "write"),)),
}
