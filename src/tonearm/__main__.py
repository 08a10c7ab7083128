"""``python -m tonearm``."""

from tonearm.cli import program

if __name__ == "__main__":
    program()
