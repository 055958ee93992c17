"""The stack on one machine: real parts, embedded, for trying, demonstrating and testing."""
