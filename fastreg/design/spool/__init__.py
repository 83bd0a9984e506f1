"""Data of other libraries written once into files that fits read in place.

spool       `fastreg.spool`
part        the folder of a file that is not complete, from which an interrupted spool goes on
columns     blocks of values, which come by rows, as columns
compressed  sparse columns
"""
