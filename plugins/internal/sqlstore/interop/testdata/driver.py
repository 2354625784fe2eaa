"""Does with MLflow what lines of JSON on standard input ask for, and answers each with a line of JSON.

A request is {"act": name, "uri": database, ...arguments}; an answer has "result", or "error" with a traceback.
"""

import json
import sys
import traceback
import warnings

warnings.simplefilter("ignore")
answers, sys.stdout = sys.stdout, sys.stderr

import mlflow  # noqa: E402
import mlflow.tracking  # noqa: E402

import change  # noqa: E402
import show  # noqa: E402
import write  # noqa: E402

acts = {}
for module in (change, show, write):
    acts.update(module.ACTS)

print(json.dumps({"result": mlflow.__version__}), file=answers, flush=True)
for line in sys.stdin:
    request = json.loads(line)
    act, uri = acts[request.pop("act")], request.pop("uri")
    try:
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        answer = {"result": act(mlflow.tracking.MlflowClient(tracking_uri=uri, registry_uri=uri), **request)}
    except BaseException:
        answer = {"error": traceback.format_exc()}
    print(json.dumps(answer), file=answers, flush=True)
