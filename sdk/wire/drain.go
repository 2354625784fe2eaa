package wire

import "context"

// Drain refuses calls from now on, and returns when those that run have ended, or when ctx ends.
func (s *Server) Drain(ctx context.Context) error { return s.drain(ctx) }
