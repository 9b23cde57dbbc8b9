"""The official clients as judges: each talks to the hub through its public interface, and says what it saw."""
