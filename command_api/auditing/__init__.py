"""Records for auditors beside the changes themselves: accesses and verifications."""
