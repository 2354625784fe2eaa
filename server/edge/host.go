package edge

import (
	"net/netip"
	"strconv"
	"strings"
)

// host is the host and port of a Host header or an Origin, taken apart.
type host struct {
	name string     // lower case, without a dot at the end; of an address its usual text
	addr netip.Addr // of a name that is an address
	port string     // empty is the scheme's own
}

// parseHost takes a host apart as RFC 3986, section 3.2.2, has it. Whatever is neither a name of letters, digits, "-", "_"
// and "." nor an address is refused; IPv6 addresses stand in brackets and have no zone.
func parseHost(text string) (host, bool) {
	name, port := text, ""
	if at := strings.LastIndexByte(text, ':'); at > strings.LastIndexByte(text, ']') {
		name, port = text[:at], text[at+1:]
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return host{}, false
		}
	}
	if inner, found := strings.CutPrefix(name, "["); found {
		inner, found = strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		if !found || err != nil || !addr.Is6() || addr.Zone() != "" {
			return host{}, false
		}
		addr = addr.Unmap()
		return host{addr.String(), addr, port}, true
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if !hostName(name) {
		return host{}, false
	}
	addr, err := netip.ParseAddr(name)
	if err != nil {
		addr = netip.Addr{}
	}
	return host{name, addr, port}, true
}

// hostName reports whether text is made of labels of letters, digits, "-" and "_".
func hostName(text string) bool {
	if text == "" || len(text) > 253 {
		return false
	}
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for _, c := range label {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

// loopback reports whether the host is this machine by its very name.
func (h host) loopback() bool {
	return h.name == "localhost" || h.addr.IsLoopback()
}
