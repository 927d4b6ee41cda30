"""What is known of things outside the repository, as values: gathered before rules run, never by them."""
