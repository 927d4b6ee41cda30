"""HTTP for hosts that a pull request may have chosen: guarded addresses, caps, time-outs, one budget."""
