"""hangup: end TCP connections exactly as a test asks. The contract is in hangup.v1."""
