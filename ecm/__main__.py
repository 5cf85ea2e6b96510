"""`python -m ecm` is the command line."""

from ecm.process.cli import main

main()
