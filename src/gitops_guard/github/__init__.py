"""GitHub: the event that started the run, and the API. Loaded only where something is read from or posted there."""
