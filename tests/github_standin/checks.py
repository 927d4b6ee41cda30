"""Check runs: annotations are only ever added, at most 50 with a request; a conclusion completes a run."""

from .call import REPOSITORY, Answer, Call, Entry, RefusalError
from .description import Json, filled


def create_check_run(call: Call) -> Answer:
    if not call.state.git_has(call.body["head_sha"]):
        raise RefusalError(422, "No commit found for SHA: " + call.body["head_sha"])
    run: Json = {"id": call.state.new_id(), "annotations": [], "output": {}, "status": "queued", "conclusion": None}
    call.state.check_runs.append(run)
    return Answer(201, _shown(_changed(run, call.body)))


def update_check_run(call: Call) -> Answer:
    return Answer(200, _shown(_changed(_one(call), call.body)))


def get_check_run(call: Call) -> Answer:
    return Answer(200, _shown(_one(call)))


def list_check_runs(call: Call) -> Answer:
    """The runs of a commit, newest first; `filter=latest` (the default) gives the newest of each name."""
    found = [run for run in reversed(call.state.check_runs) if run["head_sha"] == call.route.values["ref"]]
    if "check_name" in call.query:
        found = [run for run in found if run["name"] == call.query["check_name"]]
    if call.query.get("filter", "latest") == "latest":
        found = list({run["name"]: run for run in reversed(found)}.values())
    size, page = int(call.query.get("per_page", 30)), int(call.query.get("page", 1))
    shown = [_shown(run) for run in found[(page - 1) * size : page * size]]
    return Answer(200, {"total_count": len(found), "check_runs": shown})


def _one(call: Call) -> Json:
    wanted = int(call.route.values["check_run_id"])
    found = next((run for run in call.state.check_runs if run["id"] == wanted), None)
    if found is None:
        raise RefusalError(404, "Not Found")
    return found


def _changed(run: Json, body: Json) -> Json:
    given = dict(body)
    output = dict(given.pop("output", {}))
    run["annotations"] += output.pop("annotations", [])
    run |= given
    run["output"] |= output
    if run["conclusion"] is not None:
        run["status"] = "completed"
    return run


def _shown(run: Json) -> Json:
    output = filled("check-run", {})["output"] | {
        "title": run["output"].get("title"),
        "summary": run["output"].get("summary"),
        "annotations_count": len(run["annotations"]),
    }
    values = {name: run[name] for name in ("id", "name", "head_sha", "status", "conclusion")}
    return filled("check-run", values | {"output": output, "external_id": run.get("external_id", "")})


_READ, _WRITE = (("checks", "read"),), (("checks", "write"),)
ENTRIES = {
    ("post", REPOSITORY + "/check-runs"): Entry(create_check_run, _WRITE),
    ("patch", REPOSITORY + "/check-runs/{check_run_id}"): Entry(update_check_run, _WRITE),
    ("get", REPOSITORY + "/check-runs/{check_run_id}"): Entry(get_check_run, _READ),
    ("get", REPOSITORY + "/commits/{ref}/check-runs"): Entry(list_check_runs, _READ),
}
