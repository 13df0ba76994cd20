// Package measure holds what the benchmarks outside of package comm share; comm itself imports nothing from here, and has its own.
package measure

import "slices"

// Quantile returns the value below which the share q of the list lies, from 0 to 1: with 0.5 the median. It is one of the list, which may
// not be empty; no value in between is made up.
func Quantile(list []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}
