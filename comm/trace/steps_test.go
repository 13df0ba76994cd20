package trace

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// constants returns the values of the constants of the given type in steps.go, in the order of their declaration.
func constants(t *testing.T, typeName string) (names []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "steps.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, isValue := n.(*ast.ValueSpec)
		if !isValue {
			return true
		}
		if ident, named := spec.Type.(*ast.Ident); !named || ident.Name != typeName {
			return true
		}
		for _, value := range spec.Values {
			text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, text)
		}
		return true
	})
	return names
}

func TestCatalogueHasEachStepOnceInTheOrderOfTheConstants(t *testing.T) {
	var inCatalogue []string
	for _, info := range Catalogue {
		inCatalogue = append(inCatalogue, string(info.Step))
	}
	declared := constants(t, "Step")
	if len(declared) == 0 {
		t.Fatal("found no constant of type Step")
	}
	if diff := cmp.Diff(declared, inCatalogue); diff != "" {
		t.Errorf("constants and catalogue differ (-constants +catalogue):\n%s", diff)
	}
}

func TestEveryEntryOfTheCatalogueIsComplete(t *testing.T) {
	goroutines := map[string]bool{}
	for _, name := range constants(t, "Goroutine") {
		goroutines[name] = true
	}
	form := regexp.MustCompile(`^[a-z]+\.[a-z]+(-[a-z]+)*$`)
	seen := map[Step]bool{}
	for _, info := range Catalogue {
		switch {
		case seen[info.Step]:
			t.Errorf("%s is in the catalogue twice", info.Step)
		case !form.MatchString(string(info.Step)):
			t.Errorf("%q is not of the form area.moment", info.Step)
		case !strings.HasSuffix(info.File, ".go"):
			t.Errorf("%s: %q is no file", info.Step, info.File)
		case !goroutines[string(info.Goroutine)]:
			t.Errorf("%s: %q is no goroutine of the layer", info.Step, info.Goroutine)
		case !strings.HasSuffix(info.Doc, "."):
			t.Errorf("%s: %q is not a sentence", info.Step, info.Doc)
		}
		if info.Gate != strings.Contains(info.Doc, "About to") {
			t.Errorf("%s: gate is %v, but its sentence is %q: what is announced is a gate, what is told is a report", info.Step, info.Gate, info.Doc)
		}
		seen[info.Step] = true
	}
}

func TestLookupKnowsTheCatalogueAndNothingElse(t *testing.T) {
	for _, want := range Catalogue {
		if got, found := Lookup(want.Step); !found || got != want {
			t.Errorf("Lookup(%q) returned %v, %v", want.Step, got, found)
		}
	}
	if got, found := Lookup("no.such-step"); found || got != (Info{}) {
		t.Errorf("Lookup of a step that does not exist returned %v, %v", got, found)
	}
}

func TestGoroutineOfAnEventFollowsFromStepRoleAndPurpose(t *testing.T) {
	for _, test := range []struct {
		step    Step
		role    Role
		purpose Purpose
		want    Goroutine
	}{
		{AuthRead, Initiator, ForMessages, DialerGoroutine},
		{AuthRead, Initiator, ForHandshake, CallerGoroutine},
		{AuthRead, Acceptor, ForMessages, HandlerGoroutine},
		{AuthRead, Acceptor, ForHandshake, HandlerGoroutine}, // an acceptor has one goroutine for it, whatever the initiator wants
		{PingSend, Initiator, ForProbe, CallerGoroutine},
		{ConnWrite, Initiator, ForMessages, WriterGoroutine}, // a step that always runs on the same goroutine
		{ConnWrite, Acceptor, ForMessages, WriterGoroutine},
		{ConnServe, Acceptor, ForMessages, ServiceGoroutine},
		{TLSHandshaken, "", "", TransportGoroutine},
		{StopFlag, "", "", CallerGoroutine},
		{"no.such-step", Acceptor, ForMessages, ""},
	} {
		e := Event{Step: test.step, Object: Object{Kind: Connection, Role: test.role, Purpose: test.purpose}}
		if got := e.Goroutine(); got != test.want {
			t.Errorf("%s as %s for %s happens on %q, want %q", test.step, test.role, test.purpose, got, test.want)
		}
	}
}

// What happens in the store happens to a connection, and on the goroutine of that one.
func TestGoroutineOfAnEventOfTheStoreIsThatOfItsConnection(t *testing.T) {
	for role, want := range map[Role]Goroutine{Initiator: DialerGoroutine, Acceptor: HandlerGoroutine} {
		e := Event{Step: StoreStored, Object: Object{Kind: Store, ID: 1}, Subject: Object{Kind: Connection, ID: 7, Role: role, Purpose: ForMessages}}
		if got := e.Goroutine(); got != want {
			t.Errorf("storing the connection of an %s happens on %q, want %q", role, got, want)
		}
	}
}
