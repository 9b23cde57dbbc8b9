"""What the rooms share when they ask and judge; the engine itself uses none of it.

For probes: prompts, echo, samples, forms, refusals, costs, links, alone, journey. For judges: reading, replies, chunks,
streams, answers, courses, media, films, followed.
"""
