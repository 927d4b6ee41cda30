"""Where the files to scan come from."""
