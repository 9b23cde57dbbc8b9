"""The Google format: generateContent, streamGenerateContent, pictures, speech, token counts and native embeddings."""
