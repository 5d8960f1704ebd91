"""Runs in the interpreter that has dwarf_python_api, in a directory of its own: the calls given as JSON.

Prints a line a call when it is over. Not a test itself.
"""

from __future__ import annotations

import json
import os
import sys

from dwarf_python_api.lib import dwarf_utils as library


def main() -> None:
    for name, function, *arguments in json.loads(sys.argv[1]):
        try:
            result = getattr(library, function)(*arguments)
        except Exception as error:
            result = f"raised {error!r}"
        sys.stderr.write("DONE " + json.dumps([name, result], default=str) + "\n")
        sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
