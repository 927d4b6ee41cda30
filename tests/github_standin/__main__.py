"""`python -m github_standin --port N --state FILE [--save FILE]`: for a program in another process, or in a container.

FILE describes the repository, the tokens and the pull requests (see `state.loaded`). What exists after each request is
written to the file of `--save`. The address is printed once it is open.
"""

import argparse
from pathlib import Path

from .server import StandIn
from .state import read


def main() -> None:
    parser = argparse.ArgumentParser(prog="github_standin")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--save", type=Path)
    options = parser.parse_args()
    standin = StandIn(read(options.state), options.port, options.save)
    print(standin.url, flush=True)  # noqa: T201 - the caller waits for it
    standin.serve()


if __name__ == "__main__":
    main()
