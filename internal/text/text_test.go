package text

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// everything calls f with every text in v, by the names of the fields that lead there.
func everything(v reflect.Value, path string, f func(path string, t Text)) {
	if t, ok := v.Interface().(Text); ok {
		f(path, t)
		return
	}
	for i := range v.NumField() {
		everything(v.Field(i), path+"."+v.Type().Field(i).Name, f)
	}
}

// mayBeEmpty are the fields of the table that not every command has.
var mayBeEmpty = regexp.MustCompile(`\.Arguments$`)

func TestEveryMessageIsThereInBothLanguages(t *testing.T) {
	n := 0
	everything(reflect.ValueOf(Table), "Table", func(path string, s Text) {
		n++
		if (s.Zh == "") != (s.En == "") || s.Zh == "" && !mayBeEmpty.MatchString(path) {
			t.Errorf("%s lacks a language: %q, %q", path, s.Zh, s.En)
		}
	})
	if n < 50 {
		t.Errorf("only %d messages were looked at", n)
	}
}

func TestBothLanguagesTakeTheSameArguments(t *testing.T) {
	verb := regexp.MustCompile(`%[a-z]`)
	everything(reflect.ValueOf(Table), "Table", func(path string, s Text) {
		zh, en := verb.FindAllString(s.Zh, -1), verb.FindAllString(strings.ReplaceAll(s.En, "%q", "%s"), -1)
		if diff := cmp.Diff(zh, en); diff != "" {
			t.Errorf("%s: %q and %q take different arguments:\n%s", path, s.Zh, s.En, diff)
		}
	})
}

func TestChineseMessagesAreSetAsChinese(t *testing.T) {
	for rule, pattern := range map[string]*regexp.Regexp{
		"ASCII punctuation": regexp.MustCompile(`\p{Han}[,;:?!()".]|[,;:?!()"]\p{Han}`),
		"a missing space":   regexp.MustCompile(`\p{Han}[A-Za-z0-9%-]|[A-Za-z0-9]\p{Han}|%[a-z]\p{Han}`),
		"a needless space":  regexp.MustCompile(`\p{Han} \p{Han}|[「」] \p{Han}|\p{Han} 「`),
		"foreign quotation": regexp.MustCompile(`[“”‘’]`),
	} {
		everything(reflect.ValueOf(Table), "Table", func(path string, s Text) {
			// Commands are written as they are typed: with spaces between their words.
			zh := regexp.MustCompile(`explore [a-z]+ 课程 --[a-z]+( 文件)?|--record 文件`).ReplaceAllString(s.Zh, "explore")
			zh = strings.ReplaceAll(zh, "explore help 命令", "explore")
			zh = strings.ReplaceAll(zh, "%s help 命令", "%s")
			if found := pattern.FindString(zh); found != "" {
				t.Errorf("%s: %s at %q in %q", path, rule, found, s.Zh)
			}
		})
	}
}

func TestTheLocaleDecidesTheLanguage(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want Lang
	}{
		{nil, English},
		{map[string]string{"LANG": "zh_CN.UTF-8"}, Chinese},
		{map[string]string{"LANG": "zh_TW"}, Chinese},
		{map[string]string{"LANG": "en_GB.UTF-8"}, English},
		{map[string]string{"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, English},
		{map[string]string{"LANG": "C", "LC_MESSAGES": "zh_CN"}, Chinese},
		{map[string]string{"LANG": "zh_CN", "LC_ALL": ""}, Chinese},
		{map[string]string{"LANG": "zha_XX"}, English},
	} {
		if got := FromEnvironment(func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%v: got %s, want %s", c.env, got, c.want)
		}
	}
}

func TestChineseTakesTwoCells(t *testing.T) {
	for s, want := range map[string]int{
		"": 0, "abc": 3, "握手": 4, "A→B": 3, "，": 2, "「」": 4, "ｶ": 1, "！": 2, "e\u0301": 1, "○●✗✓": 4, "한글": 4, "\u200b": 0, "\x1b": 0,
	} {
		if got := Cells(s); got != want {
			t.Errorf("%q takes %d cells, want %d", s, got, want)
		}
	}
}

func TestWrapping(t *testing.T) {
	for _, c := range []struct {
		name, in string
		limit    int
		want     []string
	}{
		{"nothing", "", 10, []string{""}},
		{"words", "the quick brown fox", 10, []string{"the quick", "brown fox"}},
		{"Chinese breaks anywhere", "一二三四五六七八", 8, []string{"一二三四", "五六七八"}},
		{"no comma begins a line", "一二三四，五六七八", 8, []string{"一二三", "四，五六", "七八"}},
		{"no bracket ends a line", "一二三（四五六七）", 8, []string{"一二三", "（四五六", "七）"}},
		{"a word stays whole among Chinese", "一二 handshake 三", 12, []string{"一二", "handshake 三"}},
		{"a word too long is broken", "abcdefghij", 4, []string{"abcd", "efgh", "ij"}},
		{"lines stay", "a\n\nb", 10, []string{"a", "", "b"}},
		{"no character is left alone", "一二三四五六七八九十一二三四五六七八九十一", 40, []string{"一二三四五六七八九十一二三四五六七", "八九十一"}},
	} {
		if diff := cmp.Diff(c.want, Wrap(c.in, c.limit)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestWrappingLosesNothingAndKeepsTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOfN(rapid.RuneFrom([]rune("ab c，。（）握手节点→.")), 0, 80, -1).Draw(t, "s")
		limit := rapid.IntRange(4, 40).Draw(t, "limit")
		lines := Wrap(s, limit)
		for _, line := range lines {
			if Cells(line) > limit {
				t.Fatalf("%q takes %d cells of %d", line, Cells(line), limit)
			}
		}
		squeeze := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if got := squeeze(strings.Join(lines, "")); got != squeeze(s) {
			t.Fatalf("%q became %q", squeeze(s), got)
		}
	})
}

func TestPrintableLeavesNothingThatATerminalObeys(t *testing.T) {
	if got, want := Printable("a\x1b[31m\n\tb\u202e\u2028c\xff好"), "a?[31m  b??c?好"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAnErrorThatAPersonReadsIsOneSentenceInHisLanguage(t *testing.T) {
	missing := &fs.PathError{Op: "open", Path: "x\x1b", Err: fs.ErrNotExist}
	err := fmt.Errorf("saving: %w", Failed(missing, Text{"打不开%s %s。（%s）", "The %s %s cannot be opened. (%s)"}, Text{"文件", "file"}, "x"))
	var told *Error
	if !errors.As(err, &told) || !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%v is not what it should be", err)
	}
	if got, want := told.In(Chinese), "打不开文件 x。（file does not exist）"; got != want {
		t.Errorf("in Chinese: %q, want %q", got, want)
	}
	if got, want := told.Error(), "The file x cannot be opened. (file does not exist)"; got != want {
		t.Errorf("in English: %q, want %q", got, want)
	}
}
