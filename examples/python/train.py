"""Trains a small classifier and tracks it with MLflow's own client.

Start a server with `make serve` (or `mlstore server`), then, with mlflow and scikit-learn installed:

    MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python examples/python/train.py
"""

import pathlib
import tempfile

import mlflow
from sklearn.datasets import load_iris
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

EPOCHS = 20


def train(alpha, data):
    """Trains one classifier in a run of its own and returns the run's id."""
    x_train, x_test, y_train, y_test = data
    with mlflow.start_run(run_name=f"alpha-{alpha}"):
        mlflow.log_params({"alpha": alpha, "epochs": EPOCHS})
        mlflow.set_tag("purpose", "example")
        model = SGDClassifier(loss="log_loss", alpha=alpha, random_state=1)
        for epoch in range(EPOCHS):
            model.partial_fit(x_train, y_train, classes=[0, 1, 2])
            loss = log_loss(y_test, model.predict_proba(x_test))
            mlflow.log_metrics({"loss": loss, "accuracy": model.score(x_test, y_test)}, step=epoch)
        with tempfile.TemporaryDirectory() as folder:
            weights = pathlib.Path(folder, "weights.csv")
            weights.write_text("\n".join(",".join(map(str, row)) for row in model.coef_))
            mlflow.log_artifact(str(weights), "model")
        mlflow.log_dict({"classes": ["setosa", "versicolor", "virginica"]}, "model/classes.json")
        return mlflow.active_run().info.run_id


def main():
    mlflow.set_experiment("iris")
    x, y = load_iris(return_X_y=True)
    data = train_test_split(x, y, test_size=0.3, random_state=1)
    for alpha in (0.001, 0.01, 0.1):
        train(alpha, data)

    runs = mlflow.search_runs(filter_string="tags.purpose = 'example'", order_by=["metrics.loss ASC"])
    best = runs.iloc[0]
    print(runs[["tags.mlflow.runName", "params.alpha", "metrics.loss", "metrics.accuracy"]].to_string(index=False))
    history = mlflow.MlflowClient().get_metric_history(best.run_id, "loss")
    classes = mlflow.artifacts.load_dict(f"{best.artifact_uri}/model/classes.json")["classes"]
    print(f"best: run {best.run_id}, {len(history)} epochs, classes {', '.join(classes)}")


if __name__ == "__main__":
    main()
