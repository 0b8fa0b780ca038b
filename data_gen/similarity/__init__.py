"""How near texts are to one another: by words, by n-grams, by meaning."""
