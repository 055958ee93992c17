"""The local console: a web page on which the whole system is seen and played with. It is never deployed."""
