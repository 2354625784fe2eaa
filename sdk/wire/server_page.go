package wire

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/mlstore/mlstore/core"
)

// fullReply is the size from which on a page is asked for again, shorter: below what a peer takes, with room to spare.
const fullReply = maxReply - 4<<20

// fit fetches a page that fits into a message. A page may be shorter than asked for, and its token goes on from where it
// ends, so a page of fat items is fetched once more with a smaller limit.
func fit[T any, R proto.Message](
	ctx context.Context, fetch func(context.Context, core.PageOptions) (core.Page[T], error), o core.PageOptions,
	encode func(core.Page[T]) R,
) (R, error) {
	for {
		page, err := fetch(ctx, o)
		if err != nil {
			var none R
			return none, err
		}
		reply := encode(page)
		n := len(page.Items)
		if n < 2 {
			return reply, nil
		}
		size := proto.Size(reply)
		if size <= fullReply {
			return reply, nil
		}
		o.Limit = max(1, min(n-1, int(int64(n)*fullReply/int64(size)*3/4)))
	}
}
