"""Reading files that people write, whatever they are about: scenarios, claims, hypotheses.

`strict_yaml` reads a document with the place of every value, `form_problems` checks it by a form of
pydantic and says what is wrong in words and places of the file, `values` and `bounds` hold the
types of single values, `overrides` sets values from the command line.
"""
