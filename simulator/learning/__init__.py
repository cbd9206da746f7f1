"""How a chip changes itself: estimators, rules and the references they are held against."""
