"""The live feed: events of runs for any number of subscribers, from one follower of the log.

It knows no transport and no dialect: a subscriber names a filter, a position and a rendering, and
gets the matching events in the order of their positions, as soon as the views hold them.
"""
