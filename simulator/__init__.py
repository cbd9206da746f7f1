"""Circuit to answers: compile, settle, integrate, learn, record."""
