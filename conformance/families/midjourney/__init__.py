"""Sentences about Midjourney tasks in the format of midjourney-proxy: submissions, their course, their pictures."""
