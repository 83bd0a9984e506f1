"""fastreg: certified, fast penalised regression."""

__version__ = "0.1.0"
