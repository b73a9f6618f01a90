#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <arpa/inet.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "io/socket.h"

namespace keelson::io {
namespace {

Fd connect_v4(uint16_t port) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) fd.reset();
  return fd;
}

TEST(SocketListen, TcpPortZero_GetsAPortAndAccepts) {
  auto listener = listen_tcp("127.0.0.1", 0);
  ASSERT_TRUE(listener.ok());
  const uint16_t port = bound_port(listener->get());
  ASSERT_NE(port, 0);
  EXPECT_EQ(bound_address(listener->get()), "127.0.0.1:" + std::to_string(port));
  EXPECT_EQ(accept_next(listener->get()).error, EAGAIN);
  const Fd client = connect_v4(port);
  ASSERT_TRUE(client.valid());
  const Accepted accepted = accept_next(listener->get());
  ASSERT_TRUE(accepted.fd.valid());
  EXPECT_EQ(accepted.peer.substr(0, 10), "127.0.0.1:");
}

// "" and "::" take IPv4 clients, too; their addresses show without the mapping.
TEST(SocketListen, DualStack_TakesIpv4) {
  auto listener = listen_tcp("", 0);
  if (!listener.ok()) return;  // a machine without IPv6
  const Fd client = connect_v4(bound_port(listener->get()));
  ASSERT_TRUE(client.valid());
  EXPECT_EQ(accept_next(listener->get()).peer.substr(0, 10), "127.0.0.1:");
}

TEST(SocketListen, TakenPort_IsRefusedInGosWords) {
  auto first = listen_tcp("127.0.0.1", 0);
  ASSERT_TRUE(first.ok());
  const uint16_t port = bound_port(first->get());
  const auto second = listen_tcp("127.0.0.1", port);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().text(),
            "listen tcp 127.0.0.1:" + std::to_string(port) + ": bind: address already in use");
}

TEST(SocketListen, ReusePort_LetsTwoListen) {
  ListenOptions shared;
  shared.reuse_port = true;
  auto first = listen_tcp("127.0.0.1", 0, shared);
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(listen_tcp("127.0.0.1", bound_port(first->get()), shared).ok());
}

// A socket file left by a killed process must not stop the next one.
TEST(SocketListen, UnixSocketLeftOver_IsReplaced) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("keelson-" + std::to_string(::getpid()) + ".sock"))
          .string();
  {
    ASSERT_TRUE(listen_unix(path).ok());
  }
  ASSERT_TRUE(std::filesystem::exists(path));
  auto listener = listen_unix(path);
  ASSERT_TRUE(listener.ok());
  EXPECT_EQ(bound_address(listener->get()), path);
  EXPECT_EQ(bound_port(listener->get()), 0);
  Fd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::strncpy(to.sun_path, path.c_str(), sizeof to.sun_path - 1);
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  EXPECT_EQ(accept_next(listener->get()).peer, "@");
  ::unlink(path.c_str());
}

TEST(SocketListen, PathTooLong_IsRefused) {
  EXPECT_FALSE(listen_unix("/tmp/" + std::string(200, 'a')).ok());
}

}  // namespace
}  // namespace keelson::io
