"""Does with MLflow what lines of JSON on standard input ask for, and answers each with a line of JSON.

A request is {"act": name, "root": folder, ...arguments}. An answer has "result", or "error" with a traceback, and in
"logged" every warning that MLflow, its logger or Python gave meanwhile.
"""

import json
import logging
import os
import sys
import traceback
import warnings

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
warnings.simplefilter("ignore")
answers, sys.stdout = sys.stdout, sys.stderr

import mlflow  # noqa: E402
import mlflow.tracking  # noqa: E402

import bench  # noqa: E402
import change  # noqa: E402
import show  # noqa: E402
import write  # noqa: E402

logged = []


class Collect(logging.Handler):
    def emit(self, record):
        logged.append(record.getMessage())


for name in ("", "mlflow", "mlflow.store", "mlflow.tracking"):
    logging.getLogger(name).addHandler(Collect(level=logging.WARNING))
warnings.simplefilter("always")
warnings.showwarning = lambda message, category, *_: logged.append("%s: %s" % (category.__name__, message))

acts = {}
for module in (bench, change, show, write):
    acts.update(module.ACTS)

print(json.dumps({"result": mlflow.__version__}), file=answers, flush=True)
for line in sys.stdin:
    request = json.loads(line)
    act = acts[request.pop("act")]
    root = request.pop("root")
    del logged[:]
    try:
        mlflow.set_tracking_uri("file:" + root)
        client = mlflow.tracking.MlflowClient(tracking_uri="file:" + root, registry_uri="file:" + root)
        answer = {"result": act(client, **request)}
    except BaseException:
        answer = {"error": traceback.format_exc()}
    answer["logged"] = sorted(set(logged))
    print(json.dumps(answer), file=answers, flush=True)
