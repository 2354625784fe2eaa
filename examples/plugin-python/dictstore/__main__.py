"""The program: `describe` prints the manifest, and without an argument it serves a host."""

import json
import sys

from dictstore import manifest, serve


def main() -> None:
    if sys.argv[1:] == ["describe"]:
        print(json.dumps(manifest.MANIFEST, indent=2))
    elif sys.argv[1:] or not serve.started_by_host():
        sys.exit("This is a plugin of mlstore, which starts it itself: install it with `mlstore plugin install`, or try\n"
                 "`mlstore conformance run --plugin PROGRAM pydict://try`. The argument `describe` prints what it serves.")
    else:
        serve.serve()


main()
