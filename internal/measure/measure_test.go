package measure

import (
	"slices"
	"testing"
)

func TestAQuantileIsOneOfTheMeasuredValues(t *testing.T) {
	for _, test := range []struct {
		list []float64
		q    float64
		want float64
	}{
		{[]float64{7}, 0.5, 7},
		{[]float64{3, 1, 2}, 0, 1},
		{[]float64{3, 1, 2}, 0.5, 2},
		{[]float64{3, 1, 2}, 1, 3},
		{[]float64{5, 4, 3, 2, 1}, 0.25, 2},
		{[]float64{5, 4, 3, 2, 1}, 0.75, 4},
		{[]float64{1, 2}, 0.5, 2}, // and not 1.5
	} {
		before := slices.Clone(test.list)
		if got := Quantile(test.list, test.q); got != test.want {
			t.Errorf("the quantile %v of %v is %v, want %v", test.q, test.list, got, test.want)
		}
		if !slices.Equal(test.list, before) {
			t.Errorf("%v was put in another order: %v", before, test.list)
		}
	}
}
