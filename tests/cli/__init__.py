"""Tests of the command line: processes, output, exit codes, and one-line errors."""
