"""Documents as sources of data, and questions about a passage."""
