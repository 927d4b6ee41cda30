"""What became of problems from sweep to sweep: since when, until when, and how long it took. Pure."""
