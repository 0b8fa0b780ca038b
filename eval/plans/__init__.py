"""The building blocks of strategies and scorers: sampling, votes, routing, reuse."""
