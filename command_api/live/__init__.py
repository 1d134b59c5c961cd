"""The live feed: events of runs for any number of subscribers, from one follower of the log.

It is independent of transports and dialects. A subscriber has a filter, a position and a rendering;
it gets the matching events in the order of their positions, as soon as the views hold them.
"""
