"""The logs of functions: lines, the bounded log of one attempt, the logs of running attempts."""
