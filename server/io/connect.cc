#include "io/connect.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace keelson::io {
namespace {

static_assert(sizeof(sockaddr_storage) <= sizeof(SocketAddress::bytes));

// etcd's: a member that vanished without a FIN is noticed by the streams' own heartbeats long
// before.
constexpr int kKeepAliveSeconds = 30;

using AddressList = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

AddressList ask(const std::string& host, uint16_t port, int flags, int& error) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  return {error == 0 ? list : nullptr, ::freeaddrinfo};
}

SocketAddress copy_of(const sockaddr* address, size_t size) {
  SocketAddress out;
  std::memcpy(out.bytes, address, size);
  out.size = static_cast<uint32_t>(size);
  return out;
}

Status lookup_error(const std::string& host, int error) {
  return {Code::kUnavailable,
          "dial tcp: lookup " + host + ": " + std::string(::gai_strerror(error))};
}

std::string host_text(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    ::inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
  } else if (address->sa_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
      ::inet_ntop(AF_INET, v6->sin6_addr.s6_addr + 12, text, sizeof text);
    } else {
      ::inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    }
  }
  return text;
}

void set_option(int fd, int level, int name, int value) {
  // Nothing here is needed for correctness.
  (void)::setsockopt(fd, level, name, &value, sizeof value);
}

}  // namespace

bool is_address_literal(const std::string& host) {
  unsigned char address[16];
  return ::inet_pton(AF_INET, host.c_str(), address) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), address) == 1;
}

Result<SocketAddress> literal_address(const std::string& host, uint16_t port) {
  int error = 0;
  const AddressList list = ask(host, port, AI_NUMERICHOST, error);
  if (!list) return lookup_error(host, error);
  return copy_of(list->ai_addr, list->ai_addrlen);
}

Result<SocketAddress> unix_address(const std::string& path) {
  sockaddr_un local{};
  if (path.empty() || path.size() >= sizeof local.sun_path)
    return Status(Code::kInvalidArgument, "dial unix " + path + ": invalid argument");
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, path.c_str(), path.size() + 1);
  return copy_of(reinterpret_cast<const sockaddr*>(&local),
                 offsetof(sockaddr_un, sun_path) + path.size() + 1);
}

Result<std::vector<SocketAddress>> resolve_host(const std::string& host, uint16_t port) {
  int error = 0;
  const AddressList list = ask(host, port, 0, error);
  if (!list) return lookup_error(host, error);
  std::vector<SocketAddress> out;
  for (const int family : {AF_INET, AF_INET6}) {
    for (const addrinfo* a = list.get(); a != nullptr; a = a->ai_next) {
      if (a->ai_family == family) out.push_back(copy_of(a->ai_addr, a->ai_addrlen));
    }
  }
  if (out.empty()) return lookup_error(host, EAI_NONAME);
  return out;
}

std::vector<std::string> resolve_address(const std::string& address) {
  const Result<SocketAddress> at = literal_address(address, 0);
  if (!at.ok()) return {};
  char name[NI_MAXHOST] = "";
  const auto* raw = reinterpret_cast<const sockaddr*>(at->bytes);
  if (::getnameinfo(raw, at->size, name, sizeof name, nullptr, 0, NI_NAMEREQD) != 0) return {};
  std::string text = name;
  if (text.ends_with('.')) text.pop_back();
  return {text};
}

std::vector<std::string> resolve_text(const std::string& host) {
  std::vector<std::string> out;
  int error = 0;
  const AddressList list = ask(host, 0, 0, error);
  for (const addrinfo* a = list.get(); a != nullptr; a = a->ai_next)
    out.push_back(host_text(a->ai_addr));
  return out;
}

Result<Fd> connect_start(const SocketAddress& address) {
  const auto* raw = reinterpret_cast<const sockaddr*>(address.bytes);
  Fd fd(::socket(raw->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return Status(Code::kUnavailable, connect_error_text(errno));
  if (raw->sa_family != AF_UNIX) {
    set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd.get(), IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveSeconds);
    set_option(fd.get(), IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveSeconds);
  }
  if (::connect(fd.get(), raw, address.size) != 0 && errno != EINPROGRESS)
    return Status(Code::kUnavailable, connect_error_text(errno));
  return fd;
}

int connect_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

std::string connect_error_text(int error) {
  std::string text = std::strerror(error);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] + 32);
  return "connect: " + text;
}

std::string remote_host(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return host_text(reinterpret_cast<const sockaddr*>(&storage));
}

}  // namespace keelson::io
