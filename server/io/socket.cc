#include "io/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <arpa/inet.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace keelson::io {
namespace {

// Go's defaults for accepted connections: a peer that vanished without a FIN is noticed after about
// two and a half minutes, and what its calls hold is freed.
constexpr int kKeepAliveIdleSeconds = 15;
constexpr int kKeepAliveIntervalSeconds = 15;
constexpr int kKeepAliveProbes = 9;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

void set_option(int fd, int level, int name, int value) {
  // Nothing here is needed for correctness; a kernel that lacks an option serves without it.
  (void)::setsockopt(fd, level, name, &value, sizeof value);
}

std::string host_port(const std::string& host, uint16_t port) {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string address_text(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.storage.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.storage);
    ::inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    return host_port(text, ntohs(v4->sin_port));
  }
  if (address.storage.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address.storage);
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
      ::inet_ntop(AF_INET, v6->sin6_addr.s6_addr + 12, text, sizeof text);
    } else {
      ::inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    }
    return host_port(text, ntohs(v6->sin6_port));
  }
  const auto* local = reinterpret_cast<const sockaddr_un*>(&address.storage);
  const bool unnamed = address.size <= offsetof(sockaddr_un, sun_path);
  return unnamed || local->sun_path[0] == '\0' ? "@" : local->sun_path;
}

std::string errno_text(int error) {
  std::string text = std::strerror(error);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] + 32);
  return text;
}

Status listen_error(const std::string& network, const std::string& where, const char* step,
                    int error) {
  return {Code::kUnavailable,
          "listen " + network + " " + where + ": " + step + ": " + errno_text(error)};
}

Result<Address> resolve(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const std::string name = host.empty() ? "::" : host;
  const int error = ::getaddrinfo(name.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (error != 0) {
    return Status(Code::kUnavailable,
                  "listen tcp: lookup " + host + ": " + std::string(::gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, ::freeaddrinfo);
  const addrinfo* chosen = list;
  for (const addrinfo* a = list; a != nullptr; a = a->ai_next) {
    if (a->ai_family != AF_INET) continue;
    chosen = a;
    break;
  }
  Address address;
  std::memcpy(&address.storage, chosen->ai_addr, chosen->ai_addrlen);
  address.size = chosen->ai_addrlen;
  return address;
}

Result<Fd> bind_and_listen(const std::string& network, const std::string& where,
                           const Address& address, const ListenOptions& options) {
  Fd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return listen_error(network, where, "socket", errno);
  if (network == "tcp") {
    // A restart must not wait for old connections in TIME_WAIT; Go sets it for every listener, so
    // the flag --socket-reuse-address changes nothing.
    set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    if (options.reuse_port) set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
    if (address.storage.ss_family == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  }
  if (::bind(fd.get(), address.get(), address.size) != 0)
    return listen_error(network, where, "bind", errno);
  if (::listen(fd.get(), options.backlog) != 0)
    return listen_error(network, where, "listen", errno);
  return fd;
}

Address local_address(int fd) {
  Address address;
  if (::getsockname(fd, address.get(), &address.size) != 0) address.size = 0;
  return address;
}

}  // namespace

void Fd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Result<Fd> listen_tcp(const std::string& host, uint16_t port, const ListenOptions& options) {
  Result<Address> address = resolve(host, port);
  if (!address.ok()) return address.status();
  return bind_and_listen("tcp", host_port(host, port), *address, options);
}

Result<Fd> listen_unix(const std::string& path) {
  Address address;
  auto* local = reinterpret_cast<sockaddr_un*>(&address.storage);
  if (path.empty() || path.size() >= sizeof local->sun_path)
    return listen_error("unix", path, "bind", EINVAL);
  local->sun_family = AF_UNIX;
  std::memcpy(local->sun_path, path.c_str(), path.size() + 1);
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return listen_error("unix", path, "remove", errno);
  return bind_and_listen("unix", path, address, {});
}

Accepted accept_next(int listener) {
  Accepted out;
  Address address;
  out.fd.reset(::accept4(listener, address.get(), &address.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!out.fd.valid()) {
    out.error = errno;
    return out;
  }
  const int fd = out.fd.get();
  if (address.storage.ss_family != AF_UNIX) {
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleSeconds);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
  }
  out.peer = address_text(address);
  return out;
}

uint16_t bound_port(int listener) {
  const Address address = local_address(listener);
  if (address.storage.ss_family == AF_INET)
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port);
  if (address.storage.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_port);
  return 0;
}

std::string bound_address(int listener) { return address_text(local_address(listener)); }

}  // namespace keelson::io
