"""A stand-in of GitHub for tests: real git behind it, state that lasts, and every request and answer checked.

Requests and answers are validated against GitHub's published OpenAPI description (`openapi.json.gz`, an extract of the
npm package @octokit/openapi). A request that breaks it is answered 500 and remembered in `violations`.
"""

from github_double.server import StandIn, serving

__all__ = ["StandIn", "serving"]
