"""The run loop and the runs that an executor keeps in memory."""
