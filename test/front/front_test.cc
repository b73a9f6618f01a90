// The whole client port: real threads, clocks and sockets on ports of the kernel's choice.
#include "front/front.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>

#include "fake_services.h"
#include "h2_client.h"
#include "support/list_log.h"
#include "support/manual_executor.h"
#include "tls_tunnel.h"

namespace keelson::front::test {
namespace {

class NoPages final : public HttpHandler {
  void handle(HttpRequest&&, Done done) override { done(http_not_found()); }
};

io::Fd dial(const Bound& to) {
  io::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(to.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

// Until something can be read; a test that waits for ten seconds has failed.
bool readable(int fd) {
  pollfd wanted{fd, POLLIN, 0};
  return ::poll(&wanted, 1, 10'000) == 1;
}

struct FrontTest : testing::Test {
  config::Config config;
  FakeServices services;  // the loop's while it runs
  NoPages pages;
  keelson::test::ManualExecutor files;
  SystemClock clock;
  keelson::test::ListLog log;
  Registry registry;
  std::unique_ptr<Front> front;

  void listen_on(const std::string& scheme) {
    config.listen_client_urls = {{scheme + "://127.0.0.1:0", scheme, "127.0.0.1", 0}};
    config.io_threads = 1;
  }
  Front& make() {
    front = std::make_unique<Front>(config, services, pages, files, clock, log, registry);
    return *front;
  }
};

// What a turn's requests have to say goes to the node first; the node works while we write.
TEST_F(FrontTest, ServicesEndTheirTurn_BeforeSocketsAreWritten) {
  listen_on("http");
  make();
  ASSERT_TRUE(front->listen().ok());
  H2Client c(dial(front->bound().at(0)));
  std::atomic<int> turns_with_calls{0};
  std::atomic<bool> written{false};
  front->loop(0).at_turn_end([&, seen = 0]() mutable {
    if (std::exchange(seen, services.started) == services.started) return;
    char piece[65536];
    const ssize_t n = ::recv(c.fd(), piece, sizeof piece, MSG_DONTWAIT | MSG_PEEK);
    if (n > 0) written = true;  // the answer was there before the end of its own turn
    turns_with_calls++;
  });
  ASSERT_TRUE(front->start().ok());
  while (c.raw.empty()) {  // the server's SETTINGS
    c.step();
    ASSERT_TRUE(readable(c.fd()));
    c.step();
  }
  const int32_t id = c.call("/test.Svc/Echo", framed("x"));
  while (!c.replies[id].closed) {
    c.step();
    ASSERT_TRUE(readable(c.fd()));
    c.step();
  }
  front->stop();
  EXPECT_EQ(turns_with_calls, 1);
  EXPECT_FALSE(written);
}

struct TlsFrontTest : FrontTest {
  io::test::CertDirectory directory;

  void SetUp() override {
    const auto identity = io::test::make_identity("server", nullptr, 2);
    config.client_tls.cert_file = directory.write("cert.pem", identity.cert_pem());
    config.client_tls.key_file = directory.write("key.pem", identity.key_pem());
    listen_on("https");
  }
};

// SIGTERM: TLS connections end at once, whatever the grace; drain() returns when all is joined.
TEST_F(TlsFrontTest, Drain_CancelsCallsAndReturns) {
  ASSERT_TRUE(make().start().ok());
  TlsTunnel tunnel(dial(front->bound().at(0)), {});
  H2Client c(tunnel.take_client());
  c.call("/test.Svc/Bidi", framed("x"), false);
  while (c.replies.empty()) {
    c.step();
    tunnel.pump();
    c.step();
    ASSERT_TRUE(!c.replies.empty() || readable(tunnel.server_fd()));
  }
  front->drain(std::chrono::hours(1));
  EXPECT_EQ(services.cancelled, 1);
  ASSERT_TRUE(readable(tunnel.server_fd()));
  tunnel.pump();
  EXPECT_TRUE(tunnel.server_closed());
}

TEST_F(TlsFrontTest, MissingCertificate_IsAnError) {
  config.client_tls.cert_file = directory / "nowhere.pem";
  const Status status = make().start();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.text().find("nowhere.pem"), std::string::npos);
}

constexpr std::string_view kStreamsLine = "max-concurrent-streams is above";

// Nobody should find out by refused streams that his wish was cut.
TEST_F(FrontTest, StreamsAboveTheCap_AreSaidOnce) {
  listen_on("http");
  config.max_concurrent_streams = 100'000;
  config.io_threads = 2;
  ASSERT_TRUE(make().start().ok());
  const auto lines = log.lines_with(kStreamsLine);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].level, LogLevel::kWarn);
}

// etcd's default is "no limit": a line, but no warning at every start.
TEST_F(FrontTest, StreamsByDefault_AreSaidWithoutWarning) {
  listen_on("http");
  ASSERT_TRUE(make().start().ok());
  const auto lines = log.lines_with(kStreamsLine);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].level, LogLevel::kInfo);
}

TEST_F(FrontTest, StreamsBelowTheCap_SayNothing) {
  listen_on("http");
  config.max_concurrent_streams = 100;
  ASSERT_TRUE(make().start().ok());
  EXPECT_TRUE(log.lines_with(kStreamsLine).empty());
}

}  // namespace
}  // namespace keelson::front::test
