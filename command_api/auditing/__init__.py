"""Records for auditors besides the changes themselves: accesses and verifications."""
