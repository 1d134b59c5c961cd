"""Virtual time: a clock that jumps from due time to due time while nothing runs in the process."""
