"""Fuzzing: odd, wrong and random requests made from the contract, and what no answer to them may look like."""
