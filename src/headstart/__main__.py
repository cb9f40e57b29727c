"""``python -m headstart``: the command line, wherever its script is not on the path."""

from headstart.cli import main

if __name__ == "__main__":
    main()
