"""Subscribers to the topic `events`, to be copied; see shared/contracts/README.md."""
