"""``python -m preflight``: the command line."""

from preflight.start import main

if __name__ == "__main__":
    main()
