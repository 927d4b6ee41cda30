"""What each command of a comment does: in the clone, and over GitHub's API."""
