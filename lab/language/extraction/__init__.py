"""Reading an answer: from what a model wrote to one value, or to none where it is not sure.

One concern a module, used by all checkers in one order: the reasoning is taken out
(lab/language/reasoning.py) and what the model goes on to ask itself (own.py); the last explicit marker says
where the answer stands (markers.py); else a bare final answer is looked for. Numbers: plain.py, numerals.py,
number_words.py, quantities.py, statements.py, countries.py, chinese.py. Words: normalise.py, sentences.py.
Letters of options: letters.py.
"""

READERS = "3"
"""The version of the readers: raised whenever some text comes to be read, or judged, as something else.

It stands in every manifest and in points.csv. What was read by another version is read again (see
lab/run/history/read_by.py).
"""
FORMER_READERS = "1"
"""What read the answers of files that name no version: it took the last number of any text."""
