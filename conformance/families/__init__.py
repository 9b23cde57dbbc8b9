"""One room per family of the hub documents: sentences, probes, views and judges."""
