// The metrics port over https: the same pages, the client port's certificates and rules.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/config.h"
#include "http/listener.h"
#include "io/tls_certs.h"
#include "support/list_log.h"
#include "support/manual_executor.h"

namespace keelson::http {
namespace {

using io::test::Identity;
using io::test::make_identity;
using io::test::TlsClient;

int dial(const std::string& bound) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(bound.substr(bound.rfind(':') + 1))));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  return fd;
}

// One blocking exchange: the handshake, a request, and all that comes until the server closes.
struct Exchange {
  std::string answer;
  std::string alpn;
  long serial = -1;
};

Exchange ask(const std::string& bound, const TlsClient::Options& options) {
  const int fd = dial(bound);
  TlsClient client(options);
  Exchange out;
  bool asked = false;
  for (ssize_t n = 1; n > 0;) {
    client.step();
    if (client.open() && !std::exchange(asked, true))
      client.write("GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const std::string cipher = client.take();
    if (!cipher.empty()) (void)::send(fd, cipher.data(), cipher.size(), MSG_NOSIGNAL);
    pollfd wanted{fd, POLLIN, 0};
    EXPECT_EQ(::poll(&wanted, 1, 10'000), 1);
    char buffer[16384];
    n = ::recv(fd, buffer, sizeof buffer, 0);
    if (n > 0) client.feed({buffer, static_cast<size_t>(n)});
    client.step();
    if (client.open()) out.answer += client.read();
  }
  out.alpn = client.alpn();
  out.serial = client.server_serial();
  ::close(fd);
  return out;
}

struct TlsListenerTest : testing::Test {
  io::test::CertDirectory directory;
  Identity ca = make_identity("ca", nullptr, 1, "", true);
  Identity prometheus = make_identity("prometheus", &ca, 3);
  config::Config config;
  keelson::test::ManualExecutor files;
  keelson::test::ListLog log;
  SystemClock clock;
  std::unique_ptr<Listener> listener;

  void SetUp() override {
    install(make_identity("server", &ca, 2));
    config.client_tls.cert_file = directory / "cert.pem";
    config.client_tls.key_file = directory / "key.pem";
    config.listen_metrics_urls = {{"https://127.0.0.1:0", "https", "127.0.0.1", 0}};
  }
  void install(const Identity& identity) {
    directory.write("cert.pem", identity.cert_pem());
    directory.write("key.pem", identity.key_pem());
  }
  std::string start() {
    auto tls = metrics_tls(config, files, clock, log);
    EXPECT_TRUE(tls.ok());
    const auto page = [](const Request& request, Listener::Answer answer) {
      answer({200, {{"Content-Type", "text/plain"}}, "page " + request.path + "\n"});
    };
    auto started = Listener::start(config.listen_metrics_urls, std::move(*tls), page, clock, log);
    EXPECT_TRUE(started.ok());
    listener = std::move(*started);
    return listener->bound().at(0);
  }
};

TEST_F(TlsListenerTest, https_serves_the_page) {
  const Exchange got = ask(start(), {.alpn = "http/1.1"});
  EXPECT_TRUE(got.answer.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(got.answer.ends_with("\r\n\r\npage /metrics\n"));
  EXPECT_EQ(got.alpn, "http/1.1");
  EXPECT_EQ(got.serial, 2);
}

// Old probes name no protocol; who wants HTTP/2 alone is told so in the handshake.
TEST_F(TlsListenerTest, only_http_1_is_spoken) {
  const std::string bound = start();
  EXPECT_TRUE(ask(bound, {.alpn = ""}).answer.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(ask(bound, {.alpn = "h2"}).answer, "");
}

// The client port's rule counts here, too, as in etcd.
TEST_F(TlsListenerTest, client_certificate_is_required) {
  config.client_tls.trusted_ca_file = directory.write("ca.pem", ca.cert_pem());
  config.client_tls.client_cert_auth = true;
  const std::string bound = start();
  EXPECT_EQ(ask(bound, {.alpn = "http/1.1"}).answer, "");
  const Exchange known = ask(bound, {.identity = &prometheus, .alpn = "http/1.1"});
  EXPECT_TRUE(known.answer.starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_F(TlsListenerTest, plain_request_gets_no_page) {
  const int fd = dial(start());
  const std::string text = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_GT(::send(fd, text.data(), text.size(), MSG_NOSIGNAL), 0);
  std::string got;
  char buffer[1024];
  for (ssize_t n; (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;)
    got.append(buffer, static_cast<size_t>(n));
  EXPECT_EQ(got.find("page"), std::string::npos);
  ::close(fd);
}

TEST_F(TlsListenerTest, plain_urls_need_no_material) {
  config.listen_metrics_urls = {{"http://127.0.0.1:0", "http", "127.0.0.1", 0}};
  config.client_tls.cert_file = directory / "nowhere.pem";
  const auto tls = metrics_tls(config, files, clock, log);
  ASSERT_TRUE(tls.ok());
  EXPECT_EQ(*tls, nullptr);
}

}  // namespace
}  // namespace keelson::http
