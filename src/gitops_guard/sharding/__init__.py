"""A sweep in parts: which part a file belongs to, and what a part hands over so that the whole can be judged."""
