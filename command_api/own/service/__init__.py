"""The state of this process, and the documents of every API that it speaks."""
