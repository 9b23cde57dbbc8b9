"""What judges and probes stand on: contract, requirements, probes, schedule, evidence."""
