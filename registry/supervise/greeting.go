package supervise

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"sync"
)

// greeting is standard output as go-plugin's client reads it: the one line of the handshake. What a program prints before
// it does not break the start; it is noted, and named when no handshake follows.
type greeting struct {
	noise func(line string)
	shape *regexp.Regexp
	ready chan struct{} // closed when the line is there, or none will come

	once   sync.Once
	mu     sync.Mutex
	text   []byte // what of the line has not been read
	stray  string // the first line that was not the handshake, before it
	done   bool
	spoken string // the versions of the handshake
}

func newGreeting(noise func(string)) *greeting {
	return &greeting{
		noise: noise, ready: make(chan struct{}),
		// Core protocol, plugin's protocol, network, address, kind; source: go-plugin, server.go.
		shape: regexp.MustCompile(`^\d+\|\d+\|[a-z]+\|[^|]+\|[a-z]+(\|[^|]*)*$`),
	}
}

// line takes one line of standard output.
func (g *greeting) line(text string) {
	if !g.take(text) {
		g.noise(text)
	}
}

func (g *greeting) take(text string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.done {
		return false
	}
	if !g.shape.MatchString(text) {
		if g.stray == "" {
			g.stray = text
		}
		return false
	}
	fields := strings.SplitN(text, "|", 3)
	g.text, g.done, g.spoken = []byte(text+"\n"), true, fields[0]+"|"+fields[1]
	g.once.Do(func() { close(g.ready) })
	return true
}

// end says that no line will come any longer.
func (g *greeting) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.done = true
	g.once.Do(func() { close(g.ready) })
}

// before is the first line that was printed instead of the handshake.
func (g *greeting) before() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stray
}

func (g *greeting) Read(p []byte) (int, error) {
	<-g.ready
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.text) == 0 {
		return 0, io.EOF
	}
	n := copy(p, g.text)
	g.text = g.text[n:]
	return n, nil
}

func (g *greeting) Close() error { return nil }

// versions are the core protocol and the plugin's protocol of the handshake, such as "1|1"; empty without one.
func (g *greeting) versions() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.spoken
}

// lines cuts what is written to it into lines.
type lines struct {
	note func(line string)
	rest []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		i := bytes.IndexByte(l.rest, '\n')
		if i < 0 && len(l.rest) < longestLine {
			return len(p), nil
		}
		if i < 0 {
			i = len(l.rest) - 1
		}
		l.note(string(bytes.TrimRight(l.rest[:i+1], "\n")))
		l.rest = append(l.rest[:0], l.rest[i+1:]...)
	}
}
