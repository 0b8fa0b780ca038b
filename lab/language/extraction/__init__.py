"""Extracts the answer from a model's output: one value, or none if the text is ambiguous.

All checkers use these modules in the same order. First the reasoning is removed (lab/language/reasoning.py),
and so is any further question that the model asks itself (own.py). Then the last explicit marker gives the
position of the answer (markers.py). Without a marker, the readers look for a bare final answer. For numbers
see lab/language/numbers; for words normalise.py and sentences.py; for the letters of options letters.py.
"""

READERS = "3"
"""The version of the readers. It is raised whenever some text is read or judged differently.

It is recorded in every manifest and in points.csv. Answers that another version read are read again (see
lab/run/folders/answer_readers.py).
"""
FORMER_READERS = "1"
"""The version assumed for files that record none; it took the last number of any text."""
