"""The list of pull requests, open ones only: those that the state holds."""

from .call import PULL_READ, REPOSITORY, Answer, Call, Entry
from .endpoints import pull_request


def list_pulls(call: Call) -> Answer:
    found = []
    for number in call.state.pulls:
        values = call.route.values | {"pull_number": str(number)}
        full = pull_request(call._replace(route=call.route._replace(values=values))).body
        found.append({name: value for name, value in full.items() if name != "changed_files"})
    return Answer(200, found)


ENTRIES = {("get", REPOSITORY + "/pulls"): Entry(list_pulls, PULL_READ)}
