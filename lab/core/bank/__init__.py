"""The bank: stores every completion, so that each is generated only once."""
