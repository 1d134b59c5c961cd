"""The command line as users meet it: processes, exit codes, one line when it goes wrong."""
