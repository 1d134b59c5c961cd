"""Tests of `baton.testing`: the engine that users test their workflows with."""
