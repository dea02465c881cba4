#!/usr/bin/env python3
"""What endpoints do, once more while libcurl makes every http check (SHUNTD_LIBCURL): the verdicts and words of the other test programs hold."""
import os

import shunttest as st
from test_checks import Requests
from test_faults import Server
from test_hostile import Endpoints
from test_outcomes import Counting, Matrix
from test_route53 import Checks

__all__ = ["Checks", "Counting", "Endpoints", "Matrix", "Requests", "Server"]

if __name__ == "__main__":
    os.environ["SHUNTD_LIBCURL"] = "1"
    st.main(jobs=2)
