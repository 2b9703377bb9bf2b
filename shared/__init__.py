"""What the pipeline's functions share; copied beside each function's own files at deployment."""
