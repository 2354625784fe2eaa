package wire

// What host and plugin agree on before the first call. A plugin in any language keeps to it:
//   - The host starts the program with CookieName=CookieValue in its environment. Without it a person has started the
//     program, and it should say what it is. The cookie is no secret.
//   - The program listens on a Unix socket in the folder that SocketDirVariable names, or where there is none on TCP, and
//     prints one line on standard output: `1|1|unix|<path of the socket>|grpc`. Everything else goes to standard error.
//   - When LifelineVariable is set, standard input never carries a byte: its end means that the host is gone, and the
//     program must end at once.
//   - Besides its own services it serves grpc.health.v1 and answers SERVING for HealthService.
const (
	CookieName  = "MLSTORE_PLUGIN_COOKIE"
	CookieValue = "7d1f2c8f4b5b4b6e9c1d0a3e5f60718293a4b5c6d7e8f90123456789abcdef01"

	// ProtocolVersion is go-plugin's own number and stays 1: services carry their versions in their names.
	ProtocolVersion = 1

	LifelineVariable  = "MLSTORE_PLUGIN_LIFELINE"
	SocketDirVariable = "PLUGIN_UNIX_SOCKET_DIR"
	HealthService     = "plugin"

	// AttachVariable tells a host, as JSON, of processes that somebody else has started, under a debugger say:
	// {"NAME": {"protocol": 1, "socket": "/path", "pid": 4711}}.
	AttachVariable = "MLSTORE_REATTACH_PLUGINS"
)
