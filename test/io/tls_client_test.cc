// The side that dials: our client against our server, in memory.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "io/tls.h"
#include "io/tls_certs.h"
#include "support/fake_clock.h"

namespace keelson::io::test {
namespace {

// Reads files at once.
struct InlinePool final : Executor {
  bool post(std::function<void()> job) override {
    job();
    return true;
  }
};

struct TlsClientTest : testing::Test {
  InlinePool pool;
  CertDirectory directory;
  keelson::test::FakeClock clock;
  NullLog log;
  Identity ca = make_identity("ca", nullptr, 1, "", true);
  Identity server = make_identity("server", &ca, 2, "DNS:db.example,IP:10.0.0.7");
  Identity own = make_identity("member", &ca, 3, "DNS:alice.example");
  TlsOptions server_options;
  TlsClientOptions options;
  std::unique_ptr<TlsServer> port;
  std::unique_ptr<io::TlsClient> dialer;
  std::unique_ptr<TlsSession> there, here;

  void SetUp() override {
    server_options.cert_file = directory.write("s.pem", server.cert_pem());
    server_options.key_file = directory.write("s.key", server.key_pem());
    server_options.alpn = {"http/1.1"};
    options.trusted_ca_file = directory.write("ca.pem", ca.cert_pem());
  }
  void demand_certificates() {
    server_options.trusted_ca_file = options.trusted_ca_file;
    server_options.client_cert_auth = true;
  }
  void show_own() {
    options.cert_file = directory.write("c.pem", own.cert_pem());
    options.key_file = directory.write("c.key", own.key_pem());
  }
  bool connect(const std::string& host) {
    if (!port) port = std::move(*TlsServer::create(server_options, pool, clock, log));
    if (!dialer) dialer = std::move(*io::TlsClient::create(options, pool, clock, log));
    there = port->begin();
    here = dialer->begin(host);
    std::string to_server, to_client;
    here->handshake(to_server);
    for (int i = 0; i < 6; i++) {
      carry(*there, std::exchange(to_server, {}), to_client);
      carry(*here, std::exchange(to_client, {}), to_server);
    }
    return here->state() == TlsSession::State::kOpen && there->state() == TlsSession::State::kOpen;
  }
  static std::string carry(TlsSession& to, const std::string& bytes, std::string& back) {
    std::string plain;
    char buffer[4096];
    to.feed(bytes);
    to.handshake(back);
    while (const size_t n = to.read(buffer, sizeof buffer, back)) plain.append(buffer, n);
    return plain;
  }
};

TEST_F(TlsClientTest, NameAndAddress_AreChecked) {
  EXPECT_TRUE(connect("db.example"));
  EXPECT_TRUE(connect("10.0.0.7"));
  EXPECT_FALSE(connect("other.example"));
  EXPECT_NE(here->failure(), "");
  EXPECT_FALSE(connect("10.0.0.8"));
  EXPECT_FALSE(connect("server"));  // the common name does not count
}

// No protocol is offered, names are told, addresses are not.
TEST_F(TlsClientTest, Bytes_GoBothWays) {
  ASSERT_TRUE(connect("db.example"));
  EXPECT_EQ(here->alpn(), "");
  EXPECT_EQ(there->alpn(), "");
  std::string cipher, back;
  ASSERT_TRUE(here->write("ping", cipher));
  EXPECT_EQ(carry(*there, cipher, back), "ping");
  std::string answer;
  ASSERT_TRUE(there->write("pong", answer));
  EXPECT_EQ(carry(*here, answer, back), "pong");
}

TEST_F(TlsClientTest, UnknownAuthority_IsRefused) {
  const Identity other = make_identity("other", nullptr, 9, "", true);
  options.trusted_ca_file = directory.write("other.pem", other.cert_pem());
  EXPECT_FALSE(connect("db.example"));
  options.insecure_skip_verify = true;
  dialer.reset();
  EXPECT_TRUE(connect("anything"));
}

TEST_F(TlsClientTest, OwnCertificate_IsShownWhenAsked) {
  demand_certificates();
  EXPECT_FALSE(connect("db.example"));
  show_own();
  dialer.reset();
  ASSERT_TRUE(connect("db.example"));
  EXPECT_EQ(there->certificate_name(), "member");
  EXPECT_EQ(there->alternative_names().names, std::vector<std::string>{"alice.example"});
}

TEST_F(TlsClientTest, AllowLists_HoldForServers) {
  options.allowed_cn = {"someone"};
  EXPECT_FALSE(connect("db.example"));
  options.allowed_cn = {"server"};
  dialer.reset();
  EXPECT_TRUE(connect("db.example"));
  options.allowed_cn.clear();
  options.allowed_hostname = {"elsewhere.example"};
  dialer.reset();
  EXPECT_FALSE(connect("db.example"));
}

// A certificate that was renewed is used for the next connection.
TEST_F(TlsClientTest, ReplacedFiles_AreReadAgain) {
  demand_certificates();
  show_own();
  ASSERT_TRUE(connect("db.example"));
  own = make_identity("renewed", &ca, 4, "DNS:alice.example");
  show_own();
  clock.advance(std::chrono::seconds(2));
  dialer->look();
  ASSERT_TRUE(connect("db.example"));
  EXPECT_EQ(there->certificate_name(), "renewed");
}

TEST_F(TlsClientTest, MissingFiles_AreToldAtOnce) {
  options.trusted_ca_file = directory / "nothing.pem";
  EXPECT_FALSE(io::TlsClient::create(options, pool, clock, log).ok());
  options.trusted_ca_file = "";
  options.cert_file = directory / "nothing.pem";
  EXPECT_FALSE(io::TlsClient::create(options, pool, clock, log).ok());
}

}  // namespace
}  // namespace keelson::io::test
