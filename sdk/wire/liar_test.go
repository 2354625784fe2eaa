package wire_test

import (
	"context"
	"errors"
	"hash/crc32"
	"io"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/artifactv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/pluginv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/projectv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/registryv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/typesv1"
)

// liar serves a plugin that was not built with our server: whatever it is asked, it answers a call with the messages that
// are given for the last part of its name.
func liar(t *testing.T, answers map[string][]proto.Message) *wire.Client {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		method, _ := grpc.MethodFromServerStream(stream)
		name := method[strings.LastIndexByte(method, '/')+1:]
		for { // to the end of the request, of which an upload has many messages
			if err := stream.RecvMsg(&emptypb.Empty{}); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return err
			}
		}
		messages, known := answers[name]
		if !known {
			messages = []proto.Message{&emptypb.Empty{}}
		}
		for _, message := range messages {
			if err := stream.SendMsg(message); err != nil {
				return err
			}
		}
		return nil
	}))
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///memory", append(wire.DialOptions(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
	)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		server.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return wire.NewClient(conn)
}

// everything is an instance with all kinds and abilities, whose pages have two items at most.
func everything() *pluginv1.OpenResponse {
	two := &typesv1.Bound{Default: 2, Max: 2}
	limits := &typesv1.Limits{
		ExperimentPage: two, RunPage: two, HistoryPage: two, ModelPage: two, VersionPage: two, LoggedPage: two, ArtifactPage: two, LogPage: two,
	}
	reply := &pluginv1.OpenResponse{InstanceId: "i"}
	for _, kind := range []string{"tracking", "artifacts", "registry", "projects", "of a newer wire"} {
		reply.Stores = append(reply.Stores, &pluginv1.OpenedStore{
			Kind: kind, Info: &typesv1.Info{Limits: limits},
			Abilities: []string{"aliases", "bulk_history", "logged_models", "of a newer wire", "sampled_history", "stages"},
		})
	}
	return reply
}

// as finds an ability that is there.
func as[T any](t *testing.T, s core.Store) T {
	t.Helper()
	ability, ok := core.As[T](s)
	if !ok {
		t.Fatalf("%T has no such ability", s)
	}
	return ability
}

// TestLiesAreFound: an answer that does not fit its question is an ErrDataLoss, and nothing of it reaches the caller.
func TestLiesAreFound(t *testing.T) {
	t.Parallel()
	type (
		lies = map[string][]proto.Message
		call = func(context.Context, *testing.T, core.Backend) error
	)
	run := func(id, experiment string) *typesv1.Run {
		return &typesv1.Run{Info: &typesv1.RunInfo{Id: id, ExperimentId: experiment}}
	}
	columns := func(n int, key string) *typesv1.MetricColumns {
		return &typesv1.MetricColumns{Keys: []string{key}, Values: make([]float64, n), Timestamps: make([]int64, n), Steps: make([]int64, n)}
	}
	file := func(path string, size int64) *typesv1.Artifact { return &typesv1.Artifact{Path: path, Size: size} }
	for name, test := range map[string]struct {
		lies lies
		call call
	}{
		"another run": {
			lies{"GetRun": {&trackingv1.GetRunResponse{Run: run("s", "0")}}},
			func(ctx context.Context, _ *testing.T, b core.Backend) error {
				_, err := b.Tracking.Run(ctx, "r")
				return err
			},
		},
		"no run": {
			nil, func(ctx context.Context, _ *testing.T, b core.Backend) error {
				_, err := b.Tracking.Run(ctx, "r")
				return err
			},
		},
		"id of a new run": {
			lies{"CreateRun": {&trackingv1.CreateRunResponse{Run: run("../r", "0")}}},
			func(ctx context.Context, _ *testing.T, b core.Backend) error {
				_, err := b.Tracking.CreateRun(ctx, "0", core.RunSpec{})
				return err
			},
		},
		"info of another run": {
			lies{"UpdateRun": {&trackingv1.UpdateRunResponse{Info: &typesv1.RunInfo{Id: "s"}}}},
			func(ctx context.Context, _ *testing.T, b core.Backend) error {
				_, err := b.Tracking.UpdateRun(ctx, "r", core.RunChange{})
				return err
			},
		},
		"another experiment by id": {
			lies{"GetExperiment": {&trackingv1.GetExperimentResponse{Experiment: &typesv1.Experiment{Id: "2"}}}},
			func(ctx context.Context, _ *testing.T, b core.Backend) error {
				_, err := b.Tracking.Experiment(ctx, core.ExperimentRef{ID: "1"})
				return err
			},
		},
		"another experiment by name": {
			lies{"GetExperiment": {&trackingv1.GetExperimentResponse{Experiment: &typesv1.Experiment{Id: "2", Name: "b"}}}},
			func(ctx context.Context, _ *testing.T, b core.Backend) error {
				_, err := b.Tracking.Experiment(ctx, core.ExperimentRef{Name: "a"})
				return err
			},
		},
		"no id of a new experiment": {
			nil, func(ctx context.Context, _ *testing.T, b core.Backend) error {
				_, err := b.Tracking.CreateExperiment(ctx, core.ExperimentSpec{})
				return err
			},
		},
		"ids of found experiments": {
			lies{"SearchExperiments": {&trackingv1.SearchExperimentsResponse{Experiments: []*typesv1.Experiment{{Id: "a/b"}}}}},
			func(ctx context.Context, _ *testing.T, b core.Backend) error {
				_, err := b.Tracking.SearchExperiments(ctx, core.ExperimentQuery{})
				return err
			},
		},
		"runs of another experiment": {
			lies{"SearchRuns": {&trackingv1.SearchRunsResponse{Runs: []*typesv1.Run{run("r", "1")}}}},
			func(ctx context.Context, _ *testing.T, b core.Backend) error {
				_, err := b.Tracking.SearchRuns(ctx, core.RunQuery{Experiments: []core.ExperimentID{"0"}})
				return err
			},
		},
		"a page that is too long": {
			lies{"SearchRuns": {&trackingv1.SearchRunsResponse{Runs: []*typesv1.Run{run("r", "0"), run("s", "0")}}}},
			func(ctx context.Context, _ *testing.T, b core.Backend) error {
				_, err := b.Tracking.SearchRuns(ctx, core.RunQuery{Experiments: []core.ExperimentID{"0"}, PageOptions: core.PageOptions{Limit: 1}})
				return err
			},
		},
		"a token that leads to itself": {
			lies{"SearchRuns": {&trackingv1.SearchRunsResponse{Next: "t"}}},
			func(ctx context.Context, _ *testing.T, b core.Backend) error {
				_, err := b.Tracking.SearchRuns(ctx, core.RunQuery{PageOptions: core.PageOptions{Token: "t"}})
				return err
			},
		},
		"history of another key": {
			lies{"GetMetricHistory": {&trackingv1.GetMetricHistoryResponse{Points: columns(1, "b")}}},
			func(ctx context.Context, _ *testing.T, b core.Backend) error {
				_, err := b.Tracking.MetricHistory(ctx, "r", "a", core.HistoryOptions{})
				return err
			},
		},
		"columns of unequal length": {
			lies{"GetMetricHistory": {&trackingv1.GetMetricHistoryResponse{Points: &typesv1.MetricColumns{Values: []float64{1}}}}},
			func(ctx context.Context, _ *testing.T, b core.Backend) error {
				_, err := b.Tracking.MetricHistory(ctx, "r", "a", core.HistoryOptions{})
				return err
			},
		},
		"points of another run": {
			lies{"GetMetricHistories": {&trackingv1.GetMetricHistoriesResponse{
				Points: &typesv1.RunMetricColumns{Points: columns(1, "a"), Runs: []string{"s"}, Run: []uint32{0}},
			}}},
			func(ctx context.Context, t *testing.T, b core.Backend) error {
				t.Helper()
				_, err := as[core.BulkHistory](t, b.Tracking).MetricHistories(ctx, core.HistoriesQuery{Runs: []core.RunID{"r"}, Key: "a"})
				return err
			},
		},
		"samples of another key": {
			lies{"SampleHistory": {&trackingv1.SampleHistoryResponse{
				Points: &typesv1.RunMetricColumns{Points: columns(1, "b"), Runs: []string{"r"}, Run: []uint32{0}},
			}}},
			func(ctx context.Context, t *testing.T, b core.Backend) error {
				t.Helper()
				_, err := as[core.SampledHistory](t, b.Tracking).SampleHistory(ctx, core.SampleQuery{Runs: []core.RunID{"r"}, Key: "a"})
				return err
			},
		},
		"another logged model": {
			lies{"GetLoggedModel": {&trackingv1.GetLoggedModelResponse{Model: &typesv1.LoggedModel{Id: "m-2"}}}},
			func(ctx context.Context, t *testing.T, b core.Backend) error {
				t.Helper()
				_, err := as[core.LoggedModels](t, b.Tracking).LoggedModel(ctx, "m-1")
				return err
			},
		},
		"another model": {
			lies{"GetModel": {&registryv1.GetModelResponse{Model: &typesv1.Model{Name: "b"}}}},
			func(ctx context.Context, _ *testing.T, b core.Backend) error {
				_, err := b.Registry.Model(ctx, "a")
				return err
			},
		},
		"another version": {
			lies{"GetVersion": {&registryv1.GetVersionResponse{Version: &typesv1.Version{Model: "a", Number: 2}}}},
			func(ctx context.Context, _ *testing.T, b core.Backend) error {
				_, err := b.Registry.Version(ctx, core.VersionRef{Model: "a", Number: 1})
				return err
			},
		},
		"version 0": {
			lies{"CreateVersion": {&registryv1.CreateVersionResponse{Version: &typesv1.Version{Model: "a"}}}},
			func(ctx context.Context, _ *testing.T, b core.Backend) error {
				_, err := b.Registry.CreateVersion(ctx, "a", core.VersionSpec{})
				return err
			},
		},
		"alias of another model": {
			lies{"GetVersionByAlias": {&registryv1.GetVersionByAliasResponse{Version: &typesv1.Version{Model: "b", Number: 1}}}},
			func(ctx context.Context, t *testing.T, b core.Backend) error {
				t.Helper()
				_, err := as[core.Aliases](t, b.Registry).VersionByAlias(ctx, "a", "x")
				return err
			},
		},
		"another job": {
			lies{"GetJob": {&projectv1.GetJobResponse{Job: &projectv1.Job{Id: "2"}}}},
			func(ctx context.Context, _ *testing.T, b core.Backend) error {
				_, err := b.Projects.Job(ctx, "1")
				return err
			},
		},
		"no job": {nil, func(ctx context.Context, _ *testing.T, b core.Backend) error {
			_, err := b.Projects.Job(ctx, "1")
			return err
		}},
		"no id of a job": {nil, func(ctx context.Context, _ *testing.T, b core.Backend) error {
			_, err := b.Projects.Submit(ctx, core.Project{}, core.SubmitOptions{})
			return err
		}},
		"another file": {
			lies{"Stat": {&artifactv1.StatResponse{Artifact: file("b", 1)}}},
			func(ctx context.Context, _ *testing.T, b core.Backend) error {
				_, err := b.Artifacts.Stat(ctx, "a")
				return err
			},
		},
		"a listing that leads out": {
			lies{"List": {&artifactv1.ListResponse{Artifacts: []*typesv1.Artifact{file("../a", 1)}}}},
			func(ctx context.Context, _ *testing.T, b core.Backend) error {
				_, err := b.Artifacts.List(ctx, "", core.ListOptions{})
				return err
			},
		},
		"an upload of another size": {
			lies{"Upload": {&artifactv1.UploadResponse{Artifact: file("a", 4)}}}, put,
		},
		"an upload to another place": {
			lies{"Upload": {&artifactv1.UploadResponse{Artifact: file("b", 5)}}}, put,
		},
		"no header":                 {lies{"Download": {frameOf("hello"), trailer(5, "hello")}}, get},
		"no trailer":                {lies{"Download": {header(), frameOf("hello")}}, get},
		"nothing":                   {lies{"Download": nil}, get},
		"fewer bytes":               {lies{"Download": {header(), frameOf("hell"), trailer(5, "hello")}}, get},
		"another checksum":          {lies{"Download": {header(), frameOf("hello"), trailer(5, "HELLO")}}, get},
		"more bytes than asked for": {lies{"Download": {header(), frameOf("hello world"), trailer(11, "hello world")}}, get},
		"data after the trailer":    {lies{"Download": {header(), frameOf("hello"), trailer(5, "hello"), frameOf("x")}}, get},
		"two headers":               {lies{"Download": {header(), header(), frameOf("hello"), trailer(5, "hello")}}, get},
		"a frame without data":      {lies{"Download": {header(), frameOf(""), frameOf("hello"), trailer(5, "hello")}}, get},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answers := lies{"Open": {everything()}}
			for method, messages := range test.lies {
				answers[method] = messages
			}
			b := open(t, liar(t, answers), "xx://")
			if err := test.call(t.Context(), t, b); !errors.Is(err, core.ErrDataLoss) {
				t.Errorf("got %v, want ErrDataLoss", err)
			}
		})
	}
}

func put(ctx context.Context, _ *testing.T, b core.Backend) error {
	_, err := b.Artifacts.Put(ctx, "a", strings.NewReader("hello"), core.PutOptions{})
	return err
}

func get(ctx context.Context, _ *testing.T, b core.Backend) error {
	most := int64(5)
	reader, err := b.Artifacts.Open(ctx, "a", core.ReadOptions{Length: &most})
	if err != nil {
		return err
	}
	defer reader.Close()
	_, err = io.Copy(io.Discard, reader)
	return err
}

func header() proto.Message {
	return &artifactv1.DownloadResponse{Frame: &artifactv1.DownloadResponse_Header{Header: &artifactv1.DownloadHeader{}}}
}

func frameOf(text string) proto.Message {
	return &artifactv1.DownloadResponse{Frame: &artifactv1.DownloadResponse_Data{Data: []byte(text)}}
}

func trailer(size int64, text string) proto.Message {
	return &artifactv1.DownloadResponse{Frame: &artifactv1.DownloadResponse_Trailer{
		Trailer: &artifactv1.DownloadTrailer{Size: size, Crc32: crc32.ChecksumIEEE([]byte(text))},
	}}
}

func TestLiesOfOpenAreFound(t *testing.T) {
	t.Parallel()
	for name, reply := range map[string]*pluginv1.OpenResponse{
		"no id":        {Stores: []*pluginv1.OpenedStore{{Kind: "tracking"}}},
		"a kind twice": {InstanceId: "i", Stores: []*pluginv1.OpenedStore{{Kind: "tracking"}, {Kind: "tracking"}}},
	} {
		client := liar(t, map[string][]proto.Message{"Open": {reply}})
		if _, err := client.Open(t.Context(), core.OpenRequest{URI: uri(t, "xx://")}); !errors.Is(err, core.ErrDataLoss) {
			t.Errorf("%s: got %v, want ErrDataLoss", name, err)
		}
	}
}

// TestGoodAnswersPass shows that the plugin of these tests is believed when it tells the truth.
func TestGoodAnswersPass(t *testing.T) {
	t.Parallel()
	b := open(t, liar(t, map[string][]proto.Message{
		"Open":     {everything()},
		"Upload":   {&artifactv1.UploadResponse{Artifact: &typesv1.Artifact{Path: "a", Size: 5}}},
		"Download": {header(), frameOf("he"), frameOf("llo"), trailer(5, "hello")},
	}), "xx://")
	if err := put(t.Context(), t, b); err != nil {
		t.Error(err)
	}
	if err := get(t.Context(), t, b); err != nil {
		t.Error(err)
	}
}
