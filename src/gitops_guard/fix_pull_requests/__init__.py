"""Pull requests with proved fixes: what goes into which, and keeping them in line with what can be fixed."""
