package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/mlflow"
)

// Names of what the demo keeps.
const (
	Experiment = "iris"
	ModelName  = "iris-softmax"
)

// Options shape the demo. The zero value is fine.
type Options struct {
	TrackingURI, RegistryURI string // "" follow the environment, as mlflow.Options
	Artifacts                string // URI of the artifacts; "" is where the tracking store keeps them
	Epochs                   int    // of each training; 0 is 100
	Seed                     uint64 // of the split into training and test data
	Logger                   *slog.Logger
}

// Result says what the demo has left.
type Result struct {
	Experiment core.Experiment
	Best       core.RunID // the run whose model was registered
	Version    core.Version
	TrackedAt  core.URI
}

// study is one run of the demo.
type study struct {
	Options
	client      *mlflow.Client
	experiment  core.Experiment
	species     []string
	train, test []Flower
	out         io.Writer
}

// Run trains the classifier at several learning rates, each as a run of its own, registers the best model, and says on out
// what it does. A run that is interrupted is marked as killed.
func Run(ctx context.Context, o Options, out io.Writer) (_ Result, err error) {
	if o.Epochs == 0 {
		o.Epochs = 100
	}
	if o.Epochs < 1 {
		return Result{}, core.Invalid("epochs", "the number of epochs is %d: it must be at least 1", o.Epochs)
	}
	flowers, species, err := Iris()
	if err != nil {
		return Result{}, err
	}
	c, err := mlflow.NewClient(ctx, mlflow.Options{TrackingURI: o.TrackingURI, RegistryURI: o.RegistryURI, Logger: o.Logger})
	if err != nil {
		return Result{}, err
	}
	defer func() {
		if closing := c.Close(); err == nil {
			err = closing
		}
	}()
	s := study{Options: o, client: c, species: species, out: out}
	s.train, s.test = Split(flowers, o.Seed)
	s.say("Reading Fisher's Iris measurements: %d flowers of %d species, %d to train on and %d to test on\n",
		len(flowers), len(species), len(s.train), len(s.test))
	if s.experiment, err = s.findExperiment(ctx); err != nil {
		return Result{}, err
	}
	best, lowest := core.RunID(""), 0.0
	for _, rate := range []float64{0.05, 0.2, 0.8} {
		id, loss, err := s.training(ctx, rate)
		if err != nil {
			return Result{}, err
		}
		if best == "" || loss < lowest {
			best, lowest = id, loss
		}
	}
	version, err := s.register(ctx, best)
	return Result{Experiment: s.experiment, Best: best, Version: version, TrackedAt: c.TrackingURI()}, err
}

// findExperiment returns the experiment, made when it is not there. One with artifacts elsewhere is an experiment of its own,
// since an experiment keeps its artifacts in one place.
func (s *study) findExperiment(ctx context.Context) (core.Experiment, error) {
	spec := core.ExperimentSpec{Name: Experiment}
	if s.Artifacts == "" {
		s.say("Keeping everything in %s, experiment %q\n", s.client.TrackingURI(), spec.Name)
		return client.EnsureExperiment(ctx, s.client.Tracking(), spec)
	}
	at, err := core.ParseURI(s.Artifacts)
	if err != nil {
		return core.Experiment{}, err
	}
	spec.Name, spec.ArtifactLocation = fmt.Sprintf("%s, artifacts in %s", Experiment, at), s.Artifacts
	s.say("Keeping everything in %s, experiment %q\n", s.client.TrackingURI(), spec.Name)
	return client.EnsureExperiment(ctx, s.client.Tracking(), spec)
}

func (s *study) say(format string, args ...any) { _, _ = fmt.Fprintf(s.out, format, args...) }

// training is one run: it trains a model at a learning rate and returns its loss on unseen flowers.
func (s *study) training(ctx context.Context, rate float64) (core.RunID, float64, error) {
	run, err := s.client.StartRun(ctx, mlflow.RunOptions{
		ExperimentID: s.experiment.ID, Name: "softmax at rate " + mlflow.Text(rate),
		Tags:        map[string]string{"data": "iris", "model": "softmax"},
		Description: "Multinomial logistic regression on the Iris measurements, trained by `mlstore demo`.",
	})
	if err != nil {
		return "", 0, err
	}
	s.say("\nTraining at learning rate %v as run %s\n", rate, run.ID())
	loss, err := s.fit(ctx, run, rate)
	status := core.Finished
	switch {
	case err == nil:
	case ctx.Err() != nil:
		status = core.Killed
	default:
		status = core.Failed
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if ended := run.End(ending, status); err == nil {
		err = ended
	}
	return run.ID(), loss, err
}

func (s *study) fit(ctx context.Context, run *mlflow.Run, rate float64) (float64, error) {
	const regularisation = 0.001
	err := run.LogParams(ctx, map[string]any{
		"epochs": s.Epochs, "learning_rate": rate, "regularisation": regularisation, "seed": s.Seed,
		"train_flowers": len(s.train), "test_flowers": len(s.test),
	})
	if err != nil {
		return 0, err
	}
	m := NewModel(s.species, s.train)
	var loss float64
	for epoch := range s.Epochs {
		m.Epoch(s.train, rate, regularisation)
		trainLoss, trainAccuracy := m.Score(s.train)
		testLoss, testAccuracy := m.Score(s.test)
		err := run.LogMetrics(ctx, map[string]float64{
			"train_loss": trainLoss, "train_accuracy": trainAccuracy, "test_loss": testLoss, "test_accuracy": testAccuracy,
		}, int64(epoch))
		if err != nil {
			return 0, err
		}
		if (epoch+1)%max(s.Epochs/4, 1) == 0 {
			s.say("  epoch %*d: loss %.4f, accuracy %.3f; on unseen flowers %.4f, %.3f\n",
				len(strconv.Itoa(s.Epochs)), epoch+1, trainLoss, trainAccuracy, testLoss, testAccuracy)
		}
		loss = testLoss
	}
	return loss, s.keep(ctx, run, m)
}

// keep logs what the training made: a picture and the model.
func (s *study) keep(ctx context.Context, run *mlflow.Run, m *Model) error {
	var picture bytes.Buffer
	if err := Confuse(m, s.test).WritePNG(&picture); err != nil {
		return fmt.Errorf("draw the confusion matrix: %w", err)
	}
	if err := run.LogBytes(ctx, picture.Bytes(), "confusion.png"); err != nil {
		return err
	}
	weights, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("write the weights: %w", err)
	}
	if err := run.LogBytes(ctx, append(weights, '\n'), "model/weights.json"); err != nil {
		return err
	}
	// What MLflow wants to know of a model (mlflow/models/model.py).
	about := map[string]any{
		"artifact_path": "model", "run_id": run.ID(), "utc_time_created": time.Now().UTC().Format("2006-01-02 15:04:05.000000"),
		"flavors": map[string]any{"softmax": map[string]any{"data": "weights.json", "classes": s.species}},
	}
	text, err := json.MarshalIndent(about, "", "  ") // JSON is YAML
	if err != nil {
		return fmt.Errorf("describe the model: %w", err)
	}
	return run.LogBytes(ctx, append(text, '\n'), "model/MLmodel")
}

// register makes the model of a run the next version of the registered model.
func (s *study) register(ctx context.Context, best core.RunID) (core.Version, error) {
	s.say("\nRegistering the model of run %s, the best on unseen flowers, as %q\n", best, ModelName)
	return s.client.RegisterModel(ctx, "runs:/"+string(best)+"/model", ModelName, mlflow.RegisterOptions{
		Tags: map[string]string{"data": "iris"},
	})
}
