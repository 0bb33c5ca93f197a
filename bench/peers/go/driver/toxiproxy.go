package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Toxiproxy through its HTTP API, in its best case. By its manual one adds a `reset_peer` toxic to a proxy with a living
// connection; SO_LINGER is only set when a link starts (link.go, Start), so the peer of a living one reads EOF, or on an
// idle one nothing at all. What resets each time: the toxic is there before the dial, which sets linger 0 on both
// sockets; its toxicity of 0 makes it pass data all the same (toxic.go runs the noop in its place); and deleting the
// proxy closes the sockets. So a cycle is three calls here too, of which the last both resets and deletes.
type toxiproxy struct {
	api      string
	upstream string
	// Proxies that are not deleted.
	living map[string]bool
}

func (t *toxiproxy) listen(name string, how ending) (string, error) {
	if how == planned {
		return "", fmt.Errorf("toxiproxy has no plans")
	}
	var created struct{ Listen string }
	proxy := map[string]any{"name": name, "listen": "127.0.0.1:0", "upstream": t.upstream, "enabled": true}
	if err := t.call("POST", "/proxies", proxy, &created); err != nil {
		return "", err
	}
	t.living[name] = true
	if how == byPeer {
		return created.Listen, nil
	}
	toxic := map[string]any{"type": "reset_peer", "toxicity": 0, "attributes": map[string]any{"timeout": 0}}
	return created.Listen, t.call("POST", "/proxies/"+name+"/toxics", toxic, nil)
}

func (t *toxiproxy) reset(name string) error {
	delete(t.living, name)
	return t.call("DELETE", "/proxies/"+name, nil, nil)
}

func (t *toxiproxy) resetAll(name string) error { return t.reset(name) }

// Where the reset has not done it.
func (t *toxiproxy) delete(name string) error {
	if !t.living[name] {
		return nil
	}
	return t.reset(name)
}

func (t *toxiproxy) ping() error { return t.call("GET", "/version", nil, nil) }

func (t *toxiproxy) call(method, path string, body, reply any) error {
	var encoded io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		encoded = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, t.api+path, encoded)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	// Read to its end: else the next call would dial anew.
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s %s", method, path, response.Status, text)
	}
	if reply == nil {
		return nil
	}
	return json.Unmarshal(text, reply)
}
