"""The pages a user reads are run."""
