"""Hubs that mean harm, and what whole runs against them come to."""
