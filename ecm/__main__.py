"""`python -m ecm` is the command line."""

from ecm.cli import main

main()
