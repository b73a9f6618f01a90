// Outgoing stream connections: where to, and the first step of getting there. Descriptors are
// non-blocking and close-on-exec.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "io/socket.h"

namespace keelson::io {

// An address in the kernel's form.
struct SocketAddress {
  alignas(8) char bytes[128];
  uint32_t size = 0;
};

bool is_address_literal(const std::string& host);
// An address, no name: never blocks. Fails for names.
Result<SocketAddress> literal_address(const std::string& host, uint16_t port);
Result<SocketAddress> unix_address(const std::string& path);
// All addresses of a name, IPv4 first. Asks the resolver: may block for many seconds, so never on a
// loop's thread.
Result<std::vector<SocketAddress>> resolve_host(const std::string& host, uint16_t port);
// The names of an address (without the dot at the end). May block like resolve_host.
std::vector<std::string> resolve_address(const std::string& address);
// The addresses of a name in text. May block like resolve_host.
std::vector<std::string> resolve_text(const std::string& host);

// Begins to connect (no delay, keep-alive). The descriptor becomes writable when that is decided;
// connect_error() then says how.
Result<Fd> connect_start(const SocketAddress& address);
int connect_error(int fd);  // 0: connected; else errno
std::string connect_error_text(int error);

// Address without port of the other end: "10.0.0.1", "::1"; empty for other kinds.
std::string remote_host(int fd);

}  // namespace keelson::io
