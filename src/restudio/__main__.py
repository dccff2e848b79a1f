"""``python -m restudio``."""

from restudio.cli.main import main

if __name__ == "__main__":
    main()
