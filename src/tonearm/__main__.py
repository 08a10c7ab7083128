"""``python -m tonearm``."""

from tonearm.cli import main

if __name__ == "__main__":
    main(prog_name="tonearm")
