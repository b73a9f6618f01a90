// Ports that speak TLS with each other: certificates on both sides, and what is refused.
#include <sys/stat.h>

#include "io/tls_certs.h"
#include "peer/port_fixture.h"
#include "peer/san_check.h"
#include "support/manual_executor.h"

namespace keelson::peer::test {
namespace {

using io::test::CertDirectory;
using io::test::Identity;
using io::test::make_identity;

struct PortTlsTest : testing::Test {
  SystemClock clock;
  NullLog log;
  keelson::test::ManualExecutor files;
  CertDirectory directory;
  Identity ca = make_identity("ca", nullptr, 1, "", true);
  std::string ca_file = directory.write("ca.pem", ca.cert_pem());
  long serial = 10;

  // A member's material: one certificate for both directions.
  TlsPair make(const std::string& name, const std::string& san, const Identity* issuer = nullptr,
               std::vector<std::string> allowed_cn = {}) {
    const Identity own = make_identity(name, issuer != nullptr ? issuer : &ca, serial++, san);
    io::TlsOptions server;
    server.cert_file = directory.write(name + ".pem", own.cert_pem());
    server.key_file = directory.write(name + ".key", own.key_pem());
    server.trusted_ca_file = ca_file;
    server.client_cert_auth = true;
    server.alpn = {"http/1.1"};
    server.allowed_cn = allowed_cn;
    io::TlsClientOptions client;
    client.cert_file = server.cert_file;
    client.key_file = server.key_file;
    client.trusted_ca_file = ca_file;
    client.allowed_cn = allowed_cn;
    TlsPair pair;
    auto made_server = io::TlsServer::create(server, files, clock, log);
    auto made_client = io::TlsClient::create(client, files, clock, log);
    EXPECT_TRUE(made_server.ok() && made_client.ok());
    pair.server = std::move(*made_server);
    pair.client = std::move(*made_client);
    return pair;
  }
  static void meet(Member& a, Member& b) {
    a.serve();
    b.serve();
    a.know({&b});
    b.know({&a});
  }
};

// Messages, large ones too, and pages over mutual TLS.
TEST_F(PortTlsTest, Members_TalkOverTls) {
  Member a(1, make("a", "IP:127.0.0.1")), b(2, make("b", "IP:127.0.0.1"));
  meet(a, b);
  ASSERT_TRUE(a.wait_active(b));
  ASSERT_TRUE(b.wait_active(a));
  constexpr uint64_t kCount = 300;
  for (uint64_t i = 0; i < kCount; i++) a.port->send({append(a, b, i, std::string(i * 500, 'x'))});
  ASSERT_TRUE(b.sink.wait([&] { return b.sink.messages.size() == kCount; }));
  for (uint64_t i = 0; i < kCount; i++)
    EXPECT_EQ(b.sink.messages[i].entries[0].bytes().size(), i * 500);
  EXPECT_EQ(a.port->fetch(b.url(), "/version", std::chrono::seconds(5)).status, 200);
}

// A server whose certificate is for another address is not talked to.
TEST_F(PortTlsTest, WrongServerName_IsRefused) {
  Member a(1, make("a", "IP:127.0.0.1"), false), b(2, make("b", "IP:10.1.2.3"), false);
  meet(a, b);
  const FetchReply reply = a.port->fetch(b.url(), "/version", std::chrono::seconds(5));
  EXPECT_EQ(reply.status, 0);
  EXPECT_NE(reply.error.find("tls"), std::string::npos) << reply.error;
  EXPECT_EQ(b.port->fetch(a.url(), "/version", std::chrono::seconds(5)).status, 200);
}

// The client's certificate must fit the address it comes from, unless that check is off.
TEST_F(PortTlsTest, WrongClientAddress_IsRefused) {
  Member a(1, make("a", "IP:127.0.0.1"), true), b(2, make("b", "IP:10.1.2.3"), false);
  meet(a, b);
  EXPECT_EQ(b.port->fetch(a.url(), "/version", std::chrono::seconds(5)).status, 0);
}

TEST_F(PortTlsTest, StrangersCertificate_IsRefused) {
  const Identity other = make_identity("other", nullptr, 2, "", true);
  Member a(1, make("a", "IP:127.0.0.1")), b(2, make("b", "IP:127.0.0.1", &other));
  meet(a, b);
  EXPECT_EQ(b.port->fetch(a.url(), "/version", std::chrono::seconds(5)).status, 0);
  EXPECT_EQ(a.port->fetch(b.url(), "/version", std::chrono::seconds(5)).status, 0);
}

// The list of allowed names holds for whoever answers, too.
TEST_F(PortTlsTest, CommonNameNotAllowed_IsRefused) {
  Member a(1, make("a", "IP:127.0.0.1", nullptr, {"a"})), b(2, make("b", "IP:127.0.0.1"));
  meet(a, b);
  EXPECT_EQ(b.port->fetch(a.url(), "/version", std::chrono::seconds(5)).status, 0);
  EXPECT_EQ(a.port->fetch(b.url(), "/version", std::chrono::seconds(5)).status, 0);
}

TEST(SanCheckTest, Names_MatchAsInEtcd) {
  EXPECT_EQ(check_san({}, "10.0.0.1"), SanVerdict::kFits);
  EXPECT_EQ(check_san({{"10.0.0.1"}, {}}, "10.0.0.1"), SanVerdict::kFits);
  EXPECT_EQ(check_san({{"10.0.0.2"}, {}}, "10.0.0.1"), SanVerdict::kRefused);
  EXPECT_EQ(check_san({{"10.0.0.2"}, {"a.example"}}, "10.0.0.1"), SanVerdict::kAskResolver);
  EXPECT_TRUE(san_name_matches("*.example", "a.b.example"));
  EXPECT_FALSE(san_name_matches("*.example", "example"));
  EXPECT_TRUE(san_names_match({"localhost"}, "127.0.0.1"));
  EXPECT_FALSE(san_names_match({"no.such.name.invalid"}, "127.0.0.1"));
}

}  // namespace
}  // namespace keelson::peer::test
