"""Sentences about videos: tasks in four formats (Sora, Kling, Jimeng, generic), and the films that they end with."""
