"""What users give and are told: arguments checked, frames read, errors with advice, progress, tables for people.

It imports nothing of the other rooms, and every other room may import it.
"""
