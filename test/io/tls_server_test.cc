#include "io/tls.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "io/tls_certs.h"
#include "io/tls_ciphers.h"
#include "support/fake_clock.h"
#include "support/list_log.h"
#include "support/manual_executor.h"

namespace keelson::io::test {
namespace {

struct TlsServerTest : testing::Test {
  CertDirectory directory;
  keelson::test::FakeClock clock;
  keelson::test::ManualExecutor files;
  keelson::test::ListLog log;
  Identity ca = make_identity("ca", nullptr, 1, "", true);
  Identity server = make_identity("server", &ca, 2, "DNS:localhost");
  Identity client = make_identity("alice", &ca, 3, "DNS:alice.example,IP:10.0.0.7");
  TlsOptions options;
  std::unique_ptr<TlsServer> port;
  std::unique_ptr<TlsSession> session;

  void SetUp() override {
    install(server);
    options.cert_file = directory / "cert.pem";
    options.key_file = directory / "key.pem";
  }
  void install(const Identity& identity) {
    directory.write("cert.pem", identity.cert_pem());
    directory.write("key.pem", identity.key_pem());
  }
  // Two seconds later the port has looked at its files.
  void look_later() {
    clock.advance(std::chrono::seconds(2));
    port->look();
    files.run();
  }
  void demand_certificates() {
    options.trusted_ca_file = directory.write("ca.pem", ca.cert_pem());
    options.client_cert_auth = true;
  }
  Status open() {
    auto made = TlsServer::create(options, files, clock, log);
    if (!made.ok()) return made.status();
    port = std::move(*made);
    return {};
  }

  // Carries bytes until both sides are quiet.
  bool connect(TlsClient& c) {
    if (!port && !open().ok()) return false;
    session = port->begin();
    for (int i = 0; i < 10; i++) {
      c.step();
      exchange(c);
    }
    (void)c.read();  // an alert after the handshake (TLS 1.3) shows only here
    return c.open() && session->state() == TlsSession::State::kOpen;
  }
  std::string exchange(TlsClient& c) {
    std::string cipher, plain;
    char buffer[4096];
    const std::string bytes = c.take();
    session->feed(bytes);
    session->handshake(cipher);
    while (const size_t n = session->read(buffer, sizeof buffer, cipher)) plain.append(buffer, n);
    c.feed(cipher);
    return plain;
  }
  bool accepts(const Identity* identity) {
    TlsClient c({.identity = identity});
    return connect(c);
  }
};

// The usual way: TLS 1.3 with h2, bytes in both directions.
TEST_F(TlsServerTest, Handshake_CarriesBytes) {
  TlsClient c({});
  ASSERT_TRUE(connect(c));
  EXPECT_EQ(c.version(), TLS1_3_VERSION);
  EXPECT_EQ(c.alpn(), "h2");
  EXPECT_EQ(session->alpn(), "h2");
  EXPECT_EQ(session->certificate_name(), "");
  c.write("ping");
  EXPECT_EQ(exchange(c), "ping");
  std::string cipher;
  const std::string large(100'000, 'x');
  ASSERT_TRUE(session->write(large, cipher));
  c.feed(cipher);
  EXPECT_EQ(c.read(), large);
}

// Ciphertext may come in any pieces.
TEST_F(TlsServerTest, HandshakeByteByByte_Works) {
  ASSERT_TRUE(open().ok());
  session = port->begin();
  TlsClient c({});
  for (int round = 0; round < 6; round++) {
    c.step();
    const std::string bytes = c.take();
    for (const char byte : bytes) {
      std::string cipher;
      session->feed({&byte, 1});
      session->handshake(cipher);
      c.feed(cipher);
    }
  }
  EXPECT_TRUE(c.open());
  EXPECT_EQ(session->state(), TlsSession::State::kOpen);
}

// A polite goodbye ends the stream on both sides.
TEST_F(TlsServerTest, End_IsSeenByThePeer) {
  TlsClient c({});
  ASSERT_TRUE(connect(c));
  std::string cipher;
  session->end(cipher);
  c.feed(cipher);
  (void)c.read();
  EXPECT_TRUE(c.ended());
}

// Plain HTTP on a TLS port is a failure with a reason, not a hang.
TEST_F(TlsServerTest, Garbage_Fails) {
  ASSERT_TRUE(open().ok());
  session = port->begin();
  std::string cipher;
  session->feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(session->handshake(cipher), TlsSession::State::kFailed);
  EXPECT_NE(session->failure(), "");
}

// grpc-go refuses a connection without ALPN h2; a client that offers only others is refused.
TEST_F(TlsServerTest, Alpn_ChoosesOrRefuses) {
  TlsClient http({.alpn = "http/1.1"});
  EXPECT_TRUE(connect(http));
  EXPECT_EQ(http.alpn(), "http/1.1");
  TlsClient none({.alpn = ""});
  EXPECT_TRUE(connect(none));
  EXPECT_EQ(session->alpn(), "");
  TlsClient other({.alpn = "spdy/3"});
  EXPECT_FALSE(connect(other));
}

// With a CA only certificates that it signed get in; the name is for authorization.
TEST_F(TlsServerTest, ClientCertificate_IsDemandedAndChecked) {
  demand_certificates();
  EXPECT_FALSE(accepts(nullptr));
  const Identity stranger_ca = make_identity("ca", nullptr, 1, "", true);
  const Identity stranger = make_identity("alice", &stranger_ca, 3);
  EXPECT_FALSE(accepts(&stranger));
  EXPECT_TRUE(accepts(&client));
  EXPECT_EQ(session->certificate_name(), "alice");
}

// As in etcd, a CA file alone demands certificates, too.
TEST_F(TlsServerTest, CaFileAlone_DemandsCertificates) {
  demand_certificates();
  options.client_cert_auth = false;
  EXPECT_FALSE(accepts(nullptr));
  EXPECT_TRUE(accepts(&client));
}

TEST_F(TlsServerTest, AllowedNames_RefuseOthers) {
  demand_certificates();
  options.allowed_cn = {"bob", "alice"};
  EXPECT_TRUE(accepts(&client));
  port.reset();
  options.allowed_cn = {"bob"};
  EXPECT_FALSE(accepts(&client));
  port.reset();
  options.allowed_cn.clear();
  options.allowed_hostname = {"other.example", "alice.example"};
  EXPECT_TRUE(accepts(&client));
  port.reset();
  options.allowed_hostname = {"10.0.0.7"};
  EXPECT_TRUE(accepts(&client));
  port.reset();
  options.allowed_hostname = {"alice"};  // the common name does not count as a host
  EXPECT_FALSE(accepts(&client));
}

// A revoked serial number is refused, and a list that changes counts from then on.
TEST_F(TlsServerTest, RevokedCertificate_IsRefused) {
  demand_certificates();
  options.crl_file = directory.write("crl.pem", make_crl(ca, {99}));
  EXPECT_TRUE(accepts(&client));
  directory.write("crl.pem", make_crl(ca, {99, 3}));
  look_later();
  EXPECT_FALSE(accepts(&client));
}

// Certificates are replaced while the server runs: new connections get the new one.
TEST_F(TlsServerTest, ReplacedPair_IsUsedAfterTheLook) {
  TlsClient before({});
  ASSERT_TRUE(connect(before));
  EXPECT_EQ(before.server_serial(), 2);
  install(make_identity("server", &ca, 77));
  clock.advance(std::chrono::milliseconds(1001));
  TlsClient meanwhile({});  // asks for a look, and does not wait for it
  ASSERT_TRUE(connect(meanwhile));
  EXPECT_EQ(meanwhile.server_serial(), 2);
  ASSERT_EQ(files.jobs.size(), 1u);
  files.run();
  TlsClient after({});
  ASSERT_TRUE(connect(after));
  EXPECT_EQ(after.server_serial(), 77);
}

// One job at a time, at most one a second: a storm of clients must not fill the pool's queue.
TEST_F(TlsServerTest, ManyClients_AskForOneLook) {
  ASSERT_TRUE(open().ok());
  for (int i = 0; i < 5; i++) {
    clock.advance(std::chrono::seconds(2));
    (void)port->begin();
  }
  EXPECT_EQ(files.jobs.size(), 1u);
  files.run();
  (void)port->begin();
  files.run();
  (void)port->begin();  // the second is not over
  EXPECT_EQ(files.jobs.size(), 0u);
}

// A pool without room is asked again later; the old material serves on.
TEST_F(TlsServerTest, FullPool_IsAskedAgain) {
  ASSERT_TRUE(open().ok());
  install(make_identity("server", &ca, 77));
  files.full = true;
  look_later();
  EXPECT_TRUE(accepts(nullptr));
  files.full = false;
  look_later();
  TlsClient after({});
  ASSERT_TRUE(connect(after));
  EXPECT_EQ(after.server_serial(), 77);
}

// The port may be gone when its job gets a thread.
TEST_F(TlsServerTest, JobAfterTheEnd_TouchesNothing) {
  ASSERT_TRUE(open().ok());
  install(make_identity("server", &ca, 77));
  clock.advance(std::chrono::seconds(2));
  port->look();
  port.reset();
  files.run();
  ASSERT_EQ(log.lines().size(), 1u);
  EXPECT_EQ(log.lines()[0].text, "reloaded TLS certificates");
}

// Two files cannot change at once: between the two the old pair serves, and the log says so.
TEST_F(TlsServerTest, HalfWrittenPair_KeepsTheOld) {
  TlsClient first({});
  ASSERT_TRUE(connect(first));
  const Identity fresh = make_identity("server", &ca, 78);
  directory.write("cert.pem", fresh.cert_pem());
  look_later();
  TlsClient between({});
  ASSERT_TRUE(connect(between));
  EXPECT_EQ(between.server_serial(), 2);
  ASSERT_EQ(log.lines().size(), 1u);
  EXPECT_EQ(log.lines()[0].text, "failed to reload TLS certificates, the old ones stay in use");
  directory.write("key.pem", fresh.key_pem().substr(0, 40));
  look_later();
  EXPECT_TRUE(accepts(nullptr));
  directory.write("key.pem", fresh.key_pem());
  look_later();
  TlsClient after({});
  ASSERT_TRUE(connect(after));
  EXPECT_EQ(after.server_serial(), 78);
}

// A sessions in flight when the material is replaced must not lose it.
TEST_F(TlsServerTest, SessionDuringReload_Finishes) {
  ASSERT_TRUE(open().ok());
  session = port->begin();
  TlsClient c({});
  c.step();
  exchange(c);
  install(make_identity("server", &ca, 79));
  look_later();
  for (int i = 0; i < 4; i++) {
    c.step();
    exchange(c);
  }
  EXPECT_TRUE(c.open());
  EXPECT_EQ(c.server_serial(), 2);
}

TEST_F(TlsServerTest, Versions_AreBounded) {
  options.min_version = "TLS1.3";
  TlsClient old({.max_version = TLS1_2_VERSION});
  EXPECT_FALSE(connect(old));
  port.reset();
  options.min_version = "TLS1.2";
  options.max_version = "TLS1.2";
  TlsClient fresh({});
  ASSERT_TRUE(connect(fresh));
  EXPECT_EQ(fresh.version(), TLS1_2_VERSION);
}

TEST_F(TlsServerTest, CipherSuites_GoByGoNames) {
  options.max_version = "TLS1.2";
  options.cipher_suites = {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"};
  TlsClient c({});
  ASSERT_TRUE(connect(c));
  EXPECT_EQ(c.cipher(), "ECDHE-ECDSA-CHACHA20-POLY1305");
  port.reset();
  options.cipher_suites = {"TLS_MADE_UP"};
  EXPECT_EQ(open().text(), "unexpected TLS cipher suite \"TLS_MADE_UP\"");
}

TEST_F(TlsServerTest, MissingFile_IsNamed) {
  options.key_file = directory / "nowhere.pem";
  const Status status = open();
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.text().find("nowhere.pem"), std::string::npos);
}

// --auto-tls: made once, kept at the next start, and good enough to serve.
TEST_F(TlsServerTest, SelfSigned_IsMadeOnce) {
  TlsOptions made;
  const std::string where = directory / "fixtures/client";
  ASSERT_TRUE(make_self_signed(where, {"127.0.0.1", "example.org"}, 1, clock, log, made).ok());
  struct stat info{};
  ASSERT_EQ(::stat(made.key_file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto inode = info.st_ino;
  ASSERT_TRUE(make_self_signed(where, {"127.0.0.1"}, 1, clock, log, made).ok());
  ASSERT_EQ(::stat(made.key_file.c_str(), &info), 0);
  EXPECT_EQ(info.st_ino, inode);
  options = made;
  TlsClient c({});
  EXPECT_TRUE(connect(c));
}

}  // namespace
}  // namespace keelson::io::test
