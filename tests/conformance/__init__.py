"""What every backend promises, by port; a new backend is tested as soon as its folder is there."""
