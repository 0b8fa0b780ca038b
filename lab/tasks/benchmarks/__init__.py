"""Published benchmarks: GSM8K and question sets from the Hub."""
