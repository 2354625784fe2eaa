package wire

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
)

type schemaKeeperServer struct {
	trackingv1.UnimplementedSchemaKeeperServiceServer
}

func (schemaKeeperServer) GetSchemaStatus(
	ctx context.Context, _ *trackingv1.GetSchemaStatusRequest,
) (*trackingv1.GetSchemaStatusResponse, error) {
	store, err := abilityOf[core.SchemaKeeper](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	s, err := store.SchemaStatus(ctx)
	return &trackingv1.GetSchemaStatusResponse{
		State: string(s.State), Revision: s.Revision, Newest: s.Newest, Problems: s.Problems, Indexes: each(s.Indexes, pbSchemaIndex),
	}, err
}

func (schemaKeeperServer) ListSchemaSteps(
	ctx context.Context, _ *trackingv1.ListSchemaStepsRequest,
) (*trackingv1.ListSchemaStepsResponse, error) {
	store, err := abilityOf[core.SchemaKeeper](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	steps, err := store.SchemaSteps(ctx)
	return &trackingv1.ListSchemaStepsResponse{Steps: each(steps, pbSchemaStep)}, err
}

func (schemaKeeperServer) UpgradeSchema(
	ctx context.Context, r *trackingv1.UpgradeSchemaRequest,
) (*trackingv1.UpgradeSchemaResponse, error) {
	store, err := abilityOf[core.SchemaKeeper](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	return &trackingv1.UpgradeSchemaResponse{}, store.UpgradeSchema(ctx, r.GetRevision())
}

func (schemaKeeperServer) CheckSchema(
	ctx context.Context, _ *trackingv1.CheckSchemaRequest,
) (*trackingv1.CheckSchemaResponse, error) {
	store, err := abilityOf[core.SchemaKeeper](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	findings, err := store.CheckSchema(ctx)
	return &trackingv1.CheckSchemaResponse{Findings: each(findings, pbSchemaFinding)}, err
}

func (schemaKeeperServer) OptimizeSchema(
	ctx context.Context, r *trackingv1.OptimizeSchemaRequest,
) (*trackingv1.OptimizeSchemaResponse, error) {
	store, err := abilityOf[core.SchemaKeeper](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	statements, err := store.OptimizeSchema(ctx, core.OptimizeOptions{DryRun: r.GetDryRun(), Remove: r.GetRemove()})
	return &trackingv1.OptimizeSchemaResponse{Statements: statements}, err
}

func pbSchemaIndex(i core.SchemaIndex) *trackingv1.SchemaIndex {
	return &trackingv1.SchemaIndex{Name: i.Name, Table: i.Table, Why: i.Why, Present: i.Present}
}

func pbSchemaStep(s core.SchemaStep) *trackingv1.SchemaStep {
	return &trackingv1.SchemaStep{Revision: s.Revision, Statements: s.Statements}
}

func pbSchemaFinding(f core.SchemaFinding) *trackingv1.SchemaFinding {
	return &trackingv1.SchemaFinding{Table: f.Table, Text: f.Text, Fix: f.Fix, Rows: f.Rows, Severe: f.Severe}
}
