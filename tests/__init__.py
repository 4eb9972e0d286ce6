"""Tests, named after the behaviour they hold the product to."""
