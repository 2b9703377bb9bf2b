"""What every function runs in: the delivery boundary, its log, its environment."""
