"""From what a fix wants to text edits: nothing is ever dumped back through an emitter."""
