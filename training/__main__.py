"""`python -m training` is `rasid-train`."""

from training.cli import main

main()
