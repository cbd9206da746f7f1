"""Plots of results; nothing else imports matplotlib."""
