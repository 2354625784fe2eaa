package wire

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
)

// SchemaStatus tells which schema the database has.
func (t *tracking) SchemaStatus(ctx context.Context) (core.SchemaStatus, error) {
	reply, err := t.schema.GetSchemaStatus(ctx, &trackingv1.GetSchemaStatusRequest{})
	if err != nil {
		return core.SchemaStatus{}, err
	}
	return core.SchemaStatus{
		State: core.SchemaState(reply.GetState()), Revision: reply.GetRevision(), Newest: reply.GetNewest(),
		Problems: reply.GetProblems(), Indexes: each(reply.GetIndexes(), coreSchemaIndex),
	}, nil
}

// SchemaSteps returns the steps of an upgrade.
func (t *tracking) SchemaSteps(ctx context.Context) ([]core.SchemaStep, error) {
	reply, err := t.schema.ListSchemaSteps(ctx, &trackingv1.ListSchemaStepsRequest{})
	return each(reply.GetSteps(), coreSchemaStep), err
}

// UpgradeSchema does the steps to a revision.
func (t *tracking) UpgradeSchema(ctx context.Context, revision string) error {
	_, err := t.schema.UpgradeSchema(ctx, &trackingv1.UpgradeSchemaRequest{Revision: revision})
	return err
}

// CheckSchema looks for what is not as it should be.
func (t *tracking) CheckSchema(ctx context.Context) ([]core.SchemaFinding, error) {
	reply, err := t.schema.CheckSchema(ctx, &trackingv1.CheckSchemaRequest{})
	return each(reply.GetFindings(), coreSchemaFinding), err
}

// OptimizeSchema creates or removes the extra indexes.
func (t *tracking) OptimizeSchema(ctx context.Context, o core.OptimizeOptions) ([]string, error) {
	reply, err := t.schema.OptimizeSchema(ctx, &trackingv1.OptimizeSchemaRequest{DryRun: o.DryRun, Remove: o.Remove})
	return reply.GetStatements(), err
}

func coreSchemaIndex(pb *trackingv1.SchemaIndex) core.SchemaIndex {
	return core.SchemaIndex{Name: pb.GetName(), Table: pb.GetTable(), Why: pb.GetWhy(), Present: pb.GetPresent()}
}

func coreSchemaStep(pb *trackingv1.SchemaStep) core.SchemaStep {
	return core.SchemaStep{Revision: pb.GetRevision(), Statements: pb.GetStatements()}
}

func coreSchemaFinding(pb *trackingv1.SchemaFinding) core.SchemaFinding {
	return core.SchemaFinding{
		Table: pb.GetTable(), Text: pb.GetText(), Fix: pb.GetFix(), Rows: pb.GetRows(), Severe: pb.GetSevere(),
	}
}
