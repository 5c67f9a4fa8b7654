"""The tests of everything; ``conftest`` says what each may ask for."""

import os
import sys

# What Python and pytest compile is kept, also where the environment says otherwise: every worker and every site that
# a test starts would spend seconds on doing it again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
