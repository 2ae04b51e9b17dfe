"""measure.py needs torch and holds no tests."""

collect_ignore = ["measure.py"]
