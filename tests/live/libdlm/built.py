# SPDX-License-Identifier: Apache-2.0
"""What headers and libraries say of themselves."""

import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def printed_by(source, *options):
    """What a program of this folder prints that was compiled with these options."""
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory, "program")
        subprocess.run(["cc", "-Wall", "-Werror", *options, "-o", program, HERE / source], check=True)
        return subprocess.run([program], capture_output=True, text=True, check=True).stdout


def exported(library):
    """The names that a shared library defines for others."""
    listed = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True)
    return sorted(line.split()[-1] for line in listed.stdout.splitlines() if " T " in line)
