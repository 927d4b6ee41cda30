"""Commands in comments of a pull request: what was asked, what it means, how it is answered. Knows no network."""
