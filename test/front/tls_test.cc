// The client port over TLS: one loop stepped by the test, real certificates, time by hand.
#include <list>

#include "front_fixture.h"
#include "support/list_log.h"
#include "support/manual_executor.h"
#include "tls_tunnel.h"

namespace keelson::front::test {
namespace {

using io::test::Identity;
using io::test::make_identity;
using std::chrono::seconds;

struct TlsFront : FrontFixture {
  io::test::CertDirectory directory;
  keelson::test::ManualExecutor files;
  keelson::test::ListLog lines;
  Identity ca = make_identity("ca", nullptr, 1, "", true);
  Identity alice = make_identity("alice", &ca, 3);
  io::TlsOptions options;
  std::unique_ptr<io::TlsServer> material;
  std::list<TlsTunnel> tunnels;

  void SetUp() override {
    install(make_identity("server", &ca, 2));
    options.cert_file = directory / "cert.pem";
    options.key_file = directory / "key.pem";
    port = {.plain = false, .secure = true, .grpc = true, .http = true};
  }
  void TearDown() override { clients.reset(); }  // before what it logs to
  void install(const Identity& identity) {
    directory.write("cert.pem", identity.cert_pem());
    directory.write("key.pem", identity.key_pem());
  }
  void demand_certificates() {
    options.trusted_ca_file = directory.write("ca.pem", ca.cert_pem());
    options.client_cert_auth = true;
  }
  ClientLoop& secure_server() {
    if (!material) {
      auto made = io::TlsServer::create(options, files, clock, lines);
      CHECK(made.ok());
      material = std::move(*made);
      tls = material.get();
    }
    return server(lines);
  }
  TlsTunnel& dial(const io::test::TlsClient::Options& with = {}) {
    secure_server();
    return tunnels.emplace_back(connect(), with);
  }
  std::unique_ptr<H2Client> h2(TlsTunnel& tunnel) {
    return std::make_unique<H2Client>(tunnel.take_client());
  }
  // Turns enough for handshakes and a few round trips.
  void turn(H2Client* client = nullptr, int turns = 40) {
    for (int i = 0; i < turns; i++) {
      if (client != nullptr) client->step();
      for (TlsTunnel& tunnel : tunnels) tunnel.pump();
      loop->run_once();
    }
  }
  std::string answer_to(TlsTunnel& tunnel, std::string_view request) {
    const io::Fd fd = tunnel.take_client();
    CHECK(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) > 0);
    turn();
    char buffer[4096];
    const ssize_t n = ::recv(fd.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    return n > 0 ? std::string(buffer, static_cast<size_t>(n)) : "";
  }
};

constexpr std::string_view kGet = "GET /hello HTTP/1.1\r\nHost: anybody\r\n\r\n";

TEST_F(TlsFront, Alpn_H2CarriesCalls) {
  TlsTunnel& tunnel = dial();
  auto c = h2(tunnel);
  const int32_t id = c->call("/test.Svc/Echo", framed("hello"));
  turn(c.get());
  EXPECT_EQ(tunnel.tls().alpn(), "h2");
  EXPECT_EQ(c->replies[id].messages(), std::vector<std::string>{"hello"});
  EXPECT_EQ(c->replies[id].trailer("grpc-status"), "0");
}

// One port, one certificate: curl without HTTP/2 and a client without ALPN get their page.
TEST_F(TlsFront, Alpn_Http11AndNoneGetHttp11) {
  TlsTunnel& named = dial({.alpn = "http/1.1"});
  EXPECT_TRUE(answer_to(named, kGet).starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(named.tls().alpn(), "http/1.1");
  TlsTunnel& nothing = dial({.alpn = ""});
  EXPECT_TRUE(answer_to(nothing, kGet).starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(http.seen.at(0).secure);
}

// A plain request over HTTP/2 goes to the pages, beside the calls on the same connection.
TEST_F(TlsFront, H2WithoutGrpc_GetsPages) {
  auto c = h2(dial());
  const HeaderList headers = {
      {":method", "GET"}, {":scheme", "https"}, {":path", "/hello"}, {":authority", "any"}};
  const int32_t page = c->request(headers, "", true);
  const int32_t call = c->call("/test.Svc/Echo", framed("x"));
  turn(c.get());
  EXPECT_EQ(c->replies[page].header(":status"), "200");
  EXPECT_EQ(c->replies[page].body, "hello ");
  EXPECT_EQ(c->replies[call].trailer("grpc-status"), "0");
}

// More than a TLS record, a turn's output and the client's window.
TEST_F(TlsFront, LargeMessages_ArriveWhole) {
  auto c = std::make_unique<H2Client>(dial().take_client(), 8 << 20);
  CHECK(nghttp2_session_set_local_window_size(c->session(), 0, 0, 8 << 20) == 0);
  std::string large(1'500'000, 'x');
  for (size_t i = 0; i < large.size(); i += 1000) large[i] = static_cast<char>('a' + i / 1000 % 26);
  const int32_t id = c->call("/test.Svc/Echo", framed(large));
  turn(c.get(), 400);
  ASSERT_EQ(c->replies[id].messages().size(), 1u);
  EXPECT_TRUE(c->replies[id].messages()[0] == large);
}

// Without a certificate nobody gets as far as a call; who it was is in the log.
TEST_F(TlsFront, ClientCertificate_IsRequired) {
  demand_certificates();
  TlsTunnel& tunnel = dial();
  auto c = h2(tunnel);
  c->call("/test.Svc/Echo", framed("x"));
  turn(c.get());
  EXPECT_TRUE(tunnel.server_closed());
  EXPECT_EQ(services.started, 0);
  EXPECT_EQ(server().connections(), 0u);
  EXPECT_EQ(lines.lines_with("rejected connection on client endpoint").size(), 1u);
}

TEST_F(TlsFront, ClientCertificateOfAnotherCa_IsRefused) {
  demand_certificates();
  const Identity other_ca = make_identity("ca", nullptr, 1, "", true);
  const Identity mallory = make_identity("alice", &other_ca, 3);
  TlsTunnel& tunnel = dial({.identity = &mallory});
  auto c = h2(tunnel);
  c->call("/test.Svc/Echo", framed("x"));
  turn(c.get());
  EXPECT_TRUE(tunnel.server_closed());
  EXPECT_EQ(services.started, 0);
}

TEST_F(TlsFront, ClientCertificate_NamesTheCaller) {
  demand_certificates();
  auto c = h2(dial({.identity = &alice}));
  c->call("/test.Svc/Hang", framed("x"));
  turn(c.get());
  ASSERT_EQ(services.open.size(), 1u);
  EXPECT_EQ(services.open[0]->call.certificate_name(), "alice");
  EXPECT_EQ(answer_to(dial({.identity = &alice, .alpn = "http/1.1"}), kGet).substr(0, 12),
            "HTTP/1.1 200");
  EXPECT_EQ(http.seen.at(0).certificate_name, "alice");
}

// The pair is replaced under a running server: new connections see it, old ones go on.
TEST_F(TlsFront, ReplacedCertificate_ServesNewConnections) {
  TlsTunnel& before = dial();
  auto old = h2(before);
  turn(old.get());
  install(make_identity("server", &ca, 77));
  clock.advance(seconds(2));
  TlsTunnel& meanwhile = dial();
  turn(old.get());
  EXPECT_EQ(meanwhile.tls().server_serial(), 2);  // the handshake does not wait for the disk
  files.run();
  TlsTunnel& after = dial();
  const int32_t id = old->call("/test.Svc/Echo", framed("x"));
  turn(old.get());
  EXPECT_EQ(after.tls().server_serial(), 77);
  EXPECT_EQ(old->replies[id].trailer("grpc-status"), "0");
}

TEST_F(TlsFront, CleartextOnATlsPort_IsClosed) {
  secure_server();
  const io::Fd fd = connect();
  ASSERT_GT(::send(fd.get(), kGet.data(), kGet.size(), MSG_NOSIGNAL), 0);
  turn();
  char byte;
  EXPECT_LE(::recv(fd.get(), &byte, 1, MSG_DONTWAIT), 0);
  EXPECT_EQ(server().connections(), 0u);
  EXPECT_TRUE(http.seen.empty());
}

// http:// and https:// URLs with one address: the first byte decides.
TEST_F(TlsFront, PortForBoth_TakesBoth) {
  port.plain = true;
  EXPECT_TRUE(answer_to(dial({.alpn = "http/1.1"}), kGet).starts_with("HTTP/1.1 200"));
  const io::Fd fd = connect();
  ASSERT_GT(::send(fd.get(), kGet.data(), kGet.size(), MSG_NOSIGNAL), 0);
  turn();
  char buffer[64] = {};
  ASSERT_GT(::recv(fd.get(), buffer, sizeof buffer - 1, MSG_DONTWAIT), 0);
  EXPECT_TRUE(std::string_view(buffer).starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(http.seen.at(0).secure);
  EXPECT_FALSE(http.seen.at(1).secure);
}

TEST_F(TlsFront, HandshakeThatDoesNotGoOn_IsCutOff) {
  secure_server();
  const io::Fd fd = connect();
  ASSERT_GT(::send(fd.get(), "\x16\x03\x01", 3, MSG_NOSIGNAL), 0);
  pass(seconds(9));
  EXPECT_EQ(server().connections(), 1u);
  pass(seconds(3));
  EXPECT_EQ(server().connections(), 0u);
}

// A storm of clients takes its turns; each is served in the end.
TEST_F(TlsFront, HandshakeStorm_LeavesRoomInEachTurn) {
  for (int i = 0; i < 20; i++) dial().pump();  // 20 hellos wait
  const auto answered = [&] {
    return std::count_if(tunnels.begin(), tunnels.end(), [](TlsTunnel& tunnel) {
      char byte;
      return ::recv(tunnel.server_fd(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1;
    });
  };
  loop->run_once();
  EXPECT_EQ(answered(), limits::kHandshakesPerTurn);
  loop->run_once();
  EXPECT_EQ(answered(), 2 * limits::kHandshakesPerTurn);
  turn();
  for (TlsTunnel& tunnel : tunnels) EXPECT_TRUE(tunnel.tls().open());
}

// SIGTERM where gRPC and HTTP share a TLS port: closed at once, calls cancelled, as in etcd.
TEST_F(TlsFront, Drain_ClosesAtOnce) {
  TlsTunnel& tunnel = dial();
  auto c = h2(tunnel);
  c->call("/test.Svc/Hang", framed("x"));
  turn(c.get());
  ASSERT_EQ(services.open.size(), 1u);
  server().drain();
  turn(c.get());
  EXPECT_TRUE(tunnel.server_closed());
  EXPECT_EQ(services.cancelled, 1);
  EXPECT_EQ(server().connections(), 0u);
}

// A handshake under way has nothing to lose.
TEST_F(TlsFront, DrainDuringAHandshake_Closes) {
  TlsTunnel& tunnel = dial();
  tunnel.pump();
  loop->run_once();
  server().drain();
  turn();
  EXPECT_TRUE(tunnel.server_closed());
  EXPECT_EQ(server().connections(), 0u);
}

// Where gRPC has the TLS port for itself, running calls may end.
TEST_F(TlsFront, DrainOfAGrpcPort_LetsRunningCallsEnd) {
  port.http = false;
  TlsTunnel& tunnel = dial();
  auto c = h2(tunnel);
  const int32_t id = c->call("/test.Svc/Hang", framed("x"));
  turn(c.get());
  server().drain();
  turn(c.get());
  EXPECT_FALSE(tunnel.closed());
  ASSERT_EQ(services.open.size(), 1u);
  services.open[0]->call.send("last words");
  services.open[0]->call.finish({});
  turn(c.get());
  EXPECT_EQ(c->replies[id].messages(), std::vector<std::string>{"last words"});
  EXPECT_TRUE(tunnel.closed());
  EXPECT_TRUE(tunnel.tls().ended());  // with a goodbye
}

}  // namespace
}  // namespace keelson::front::test
