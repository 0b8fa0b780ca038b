"""What strategies and scorers are built from: drawing samples, votes, routing, reuse."""
