"""Input and messages: arguments are checked, data frames read, errors worded, progress and tables shown.

It imports nothing of the other rooms, and every other room may import it.
"""
