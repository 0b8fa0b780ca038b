"""Reading an answer: from what a model wrote to one value, or to none where it is not sure.

One concern a module, used by all checkers in one order: the reasoning is taken out (lab/core/reasoning.py)
and what the model goes on to ask itself (own.py); the last explicit marker says where the answer stands
(markers.py); else a bare final answer is looked for. Numbers: plain.py, numerals.py, number_words.py,
quantities.py, statements.py. Words: normalise.py, sentences.py. Letters of options: letters.py.
"""
