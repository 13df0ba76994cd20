// Package comm1 is an exercise: see README.md.
package comm1

// Advice is what a caller of the layer should do about an error: what would have to change, so that another attempt could succeed?
type Advice string

// The advice there is.
const (
	Fine    Advice = "fine"        // there is no error
	Again   Advice = "again"       // nothing: whoever tries at once finds another connection already
	Later   Advice = "later"       // time has to pass; also the advice about whatever is not known
	GiveUp  Advice = "give up"     // nothing that the caller could do or wait for would help
	Mistake Advice = "our mistake" // our own code, configuration or certificate
)

// Advise says what to do about an error of the API: one that Handshake, Probe or a constructor has returned, or a SendResult. README.md
// says which advice belongs to what.
func Advise(err error) Advice {
	return ""
}
