"""What measures needs torch and holds no tests."""

collect_ignore = ["measure.py", "measure_random.py"]
