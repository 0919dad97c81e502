"""`python -m training` is `rasid-train`."""

from training.cli import main

if __name__ == "__main__":
    main()
