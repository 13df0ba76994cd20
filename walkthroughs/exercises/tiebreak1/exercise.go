// Package tiebreak1 is an exercise: see README.md.
package tiebreak1

import (
	"context"

	"gossipscope/internal/lab"
)

// Collide has a and b, which have no connection yet, send each other a message ("from A" and "from B", if those are their names), so that
// their dials collide in any case: when the first of the two streams gets through, the other is open already. It returns nil when
// both are let go, or the cause of ctx's end.
func Collide(ctx context.Context, lb *lab.Lab, a, b *lab.Peer) error {
	return nil
}
