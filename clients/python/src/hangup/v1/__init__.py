"""The contract hangup.v1, generated from its proto files by generate.sh."""
