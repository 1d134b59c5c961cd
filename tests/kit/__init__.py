"""What tests of several folders share: polling, clocks, stacks and builders of definitions."""
