"""What operators do to a running pipeline, local or deployed."""
