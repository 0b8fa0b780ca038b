"""Analyses of many samples per problem."""
