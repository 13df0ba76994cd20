package notes

import "testing"

// What the commands in the notes print is not looked at here: "make check" does that.
func TestTheNotesHold(t *testing.T) {
	found, counts, err := NewChecker("../..").Check()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
	t.Logf("\n%v", counts)
}
