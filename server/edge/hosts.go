package edge

import (
	"net/netip"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// DefaultHosts are those that a server answers to unless it is told of others: this machine and private networks, at any
// port, as MLflow 3 has it. A page of the internet cannot have one of these as the name of its own server.
func DefaultHosts() []string {
	return []string{
		"localhost", "127.0.0.0/8", "[::1]", "0.0.0.0", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7",
	}
}

// hosts is a list of hosts that are allowed. Names and addresses are compared as such, never as text with wild cards: the
// name 10.evil.example is no address that begins with 10.
type hosts struct {
	any  bool
	list []allowed
}

// allowed is one entry of the list: a name, the names below it, or a network; at one port or any.
type allowed struct {
	name    string
	below   bool
	network netip.Prefix
	port    string
}

// parseHosts reads entries such as `mlflow.example.com`, `*.example.com`, `mlflow.example.com:5000`, `10.1.2.3`, `[::1]:*`,
// `10.0.0.0/8`, MLflow's `10.*`, or `*`, which allows every host.
func parseHosts(entries []string) (hosts, error) {
	var h hosts
	for _, entry := range entries {
		entry = strings.TrimSpace(entry)
		switch entry {
		case "":
			continue
		case "*":
			h.any = true
			continue
		}
		a, ok := parseAllowed(entry)
		if !ok {
			return h, core.Invalid("allowed-hosts",
				"%q is neither a host, such as mlflow.example.com:5000 or *.example.com, nor an address or network, such as 10.0.0.0/8",
				entry)
		}
		h.list = append(h.list, a)
	}
	return h, nil
}

func parseAllowed(entry string) (allowed, bool) {
	if network, err := netip.ParsePrefix(entry); err == nil {
		return allowed{network: network.Masked()}, true
	}
	if addr, err := netip.ParseAddr(entry); err == nil && addr.Zone() == "" { // also IPv6 without brackets
		return allowed{network: single(addr)}, true
	}
	entry = strings.TrimSuffix(entry, ":*")
	if network, ok := octets(entry); ok {
		return allowed{network: network}, true
	}
	rest, below := strings.CutPrefix(entry, "*.")
	parsed, ok := parseHost(rest)
	switch {
	case !ok || below && parsed.addr.IsValid():
		return allowed{}, false
	case parsed.addr.IsValid():
		return allowed{network: single(parsed.addr), port: parsed.port}, true
	}
	return allowed{name: parsed.name, below: below, port: parsed.port}, true
}

func single(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap()
	return netip.PrefixFrom(addr, addr.BitLen())
}

// octets reads the beginning of an IPv4 address with a star behind it, such as 192.168.*, as the network that it means.
func octets(entry string) (netip.Prefix, bool) {
	start, found := strings.CutSuffix(entry, ".*")
	for found && strings.HasSuffix(start, ".*") {
		start = strings.TrimSuffix(start, ".*")
	}
	given := strings.Count(start, ".") + 1
	if !found || start == "" || given > 3 {
		return netip.Prefix{}, false
	}
	addr, err := netip.ParseAddr(start + strings.Repeat(".0", 4-given))
	return netip.PrefixFrom(addr, 8*given), err == nil
}

// has reports whether the text of a Host header is allowed.
func (h hosts) has(text string) bool {
	parsed, ok := parseHost(text)
	return ok && (h.any || h.lists(parsed))
}

func (h hosts) lists(at host) bool {
	for _, a := range h.list {
		switch {
		case a.port != "" && a.port != at.port:
		case a.network.IsValid():
			if at.addr.IsValid() && a.network.Contains(at.addr) {
				return true
			}
		case a.below:
			if strings.HasSuffix(at.name, "."+a.name) {
				return true
			}
		case a.name == at.name:
			return true
		}
	}
	return false
}
