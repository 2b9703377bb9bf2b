"""What the pipeline costs: counted, measured and priced."""
