"""What the pipeline is made of: definitions, deployment and the local cloud."""
