package harness

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

var (
	portsMu   sync.Mutex
	portsUsed = map[int]bool{}
)

// Below the kernel's ephemeral range (32768 and up): a port from that range could be taken by some
// outgoing connection while the server that owns it is down between a kill and a restart.
const (
	portMin   = 20000
	portMax   = 32000
	portTries = 500
)

// FreePort returns a loopback port that nobody listens on and that this process did not hand out.
func FreePort() (int, error) {
	portsMu.Lock()
	defer portsMu.Unlock()
	for range portTries {
		port := portMin + rand.IntN(portMax-portMin)
		if portsUsed[port] {
			continue
		}
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		listener.Close()
		portsUsed[port] = true
		return port, nil
	}
	return 0, fmt.Errorf("no free port between %d and %d", portMin, portMax)
}
