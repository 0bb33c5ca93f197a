// Package hanguptest gives each test a fixture of hangup that ends with it.
package hanguptest

import (
	"context"
	"errors"
	"strings"
	"testing"

	hangup "hangup/clients/go"
)

// Start gives the fixture of this test, on the daemon that all tests of the process share: that at HANGUP_ADDRESS, or
// one that is started now. It ends with the test and its subtests, and then each step of a plan that never fired fails the
// test, unless [hangup.AllowUnfired] is given or the test was skipped. Where there is no daemon to be had the test fails
// at once.
//
// Call it in the test's own goroutine. Tests and subtests may run in parallel, each with its own.
func Start(t testing.TB, options ...hangup.Option) *hangup.Fixture {
	t.Helper()
	fixture, err := hangup.Start(t.Context(), append([]hangup.Option{hangup.Label("test", labelOf(t.Name()))}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		t.Helper()
		// The context of the test is cancelled by now.
		_, err := fixture.Close(context.WithoutCancel(t.Context()))
		var unfired *hangup.NeverFiredError
		if errors.As(err, &unfired) {
			// A test that was skipped may have left a plan that it had made.
			say := t.Errorf
			if t.Skipped() {
				say = t.Logf
			}
			for _, line := range unfired.Lines {
				say("never fired: %s", line)
			}
		} else if err != nil {
			t.Error(err)
		}
	})
	return fixture
}

// labelOf cuts a name to what a label may have, 255 bytes, and leaves no half of a rune.
func labelOf(name string) string {
	return strings.ToValidUTF8(name[:min(len(name), 255)], "")
}
