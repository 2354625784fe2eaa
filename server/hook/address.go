package hook

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/mlstore/mlstore/core"
)

// errPrivate is the error of a connection to an address that is not public.
var errPrivate = errors.New("address not allowed: it is not public; MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS=true allows it")

// reserved are the blocks of IANA's registries of special-purpose addresses that are not globally reachable, or that reach
// something else than they name (RFC 6890 and its updates), and multicast.
func reserved() []netip.Prefix {
	var all []netip.Prefix
	for _, block := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"::/127", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10",
		"fec0::/10", "ff00::/8",
	} {
		all = append(all, netip.MustParsePrefix(block))
	}
	return all
}

// public reports whether an address may be reached on a caller's behalf. Addresses of IPv6 that lead to one of IPv4 are
// judged by that.
func public(a netip.Addr) bool {
	a = embedded(a.Unmap().WithZone(""))
	for _, block := range reserved() {
		if block.Contains(a) {
			return false
		}
	}
	return a.IsValid()
}

// embedded is the address of IPv4 that an address of 6to4 (RFC 3056) or NAT64 (RFC 6052) leads to.
func embedded(a netip.Addr) netip.Addr {
	b := a.As16()
	switch {
	case a.Is4():
		return a
	case b[0] == 0x20 && b[1] == 0x02:
		return netip.AddrFrom4([4]byte(b[2:6]))
	case netip.MustParsePrefix("64:ff9b::/96").Contains(a), netip.MustParsePrefix("::/96").Contains(a):
		return netip.AddrFrom4([4]byte(b[12:16]))
	}
	return a
}

// dialer connects to public addresses alone. It decides on the address that it is about to connect to, whatever a name meant
// when it was looked at before.
func (c Config) dialer() *net.Dialer {
	d := &net.Dialer{Timeout: 10 * time.Second}
	if !c.AllowPrivate {
		d.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil || !public(at.Addr()) {
				return errPrivate
			}
			return nil
		}
	}
	return d
}

// CheckURL refuses a URL to which nothing will be delivered: of another scheme, or whose host has an address that is not
// public, or none. It is for callers to learn early; the delivery decides anew.
func (c Config) CheckURL(ctx context.Context, text string) error {
	c = c.filled()
	u, err := url.Parse(text)
	if err != nil {
		return core.Invalid("url", "Invalid webhook URL: it cannot be read")
	}
	if !c.allows(strings.ToLower(u.Scheme)) {
		return core.Invalid("url", "Invalid webhook URL scheme: %q. Allowed schemes are: %s; %s names more.",
			u.Scheme, strings.Join(c.Schemes, ", "), schemesVariable)
	}
	if c.AllowPrivate {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil || len(found) == 0 {
		return core.Invalid("url", "Cannot resolve webhook URL hostname %q", u.Hostname())
	}
	for _, a := range found {
		if !public(a) {
			return core.Invalid("url", "Webhook URL must not resolve to a non-public IP address: %q does; %s=true allows it",
				u.Hostname(), privateVariable)
		}
	}
	return nil
}
