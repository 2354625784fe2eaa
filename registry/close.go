package registry

import "io"

// Close ends what the finder runs, such as the processes of plugins. Close the stores first: those that are still open
// answer errors from then on. Without such a finder it does nothing.
func (r *Resolver) Close() error {
	if closer, ok := r.finder.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}
