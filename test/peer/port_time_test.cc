// What happens when time passes and nothing comes: a port without a thread under a clock that
// stands still until told.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "peer/port_fixture.h"
#include "peer/stream_codec.h"
#include "support/fake_clock.h"

namespace keelson::peer::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A non-blocking end on the test's side.
struct Wire {
  int fd = -1;
  std::string text;
  bool ended = false;
  explicit Wire(int f) : fd(f) { ::fcntl(fd, F_SETFL, O_NONBLOCK); }
  ~Wire() { ::close(fd); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  void write(const std::string& bytes) const {
    EXPECT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  bool has(const std::string& part) {
    read();
    return text.find(part) != std::string::npos;
  }
  bool has_ended() {
    read();
    return ended;
  }
  void read() {
    char buffer[4096];
    ssize_t n = 0;
    while ((n = ::recv(fd, buffer, sizeof buffer, 0)) > 0)
      text.append(buffer, static_cast<size_t>(n));
    ended = ended || n == 0 || (n < 0 && errno != EAGAIN);
  }
};

struct PortTimeTest : testing::Test {
  keelson::test::FakeClock clock;
  NullLog log;
  Registry registry;
  InlinePool pool;
  TemporaryDirectory directory;
  std::unique_ptr<io::FileSystem> files = io::make_posix_file_system();
  Sink sink;
  FakeLocal local;
  std::unique_ptr<PeerPort> port;
  int listener = -1;  // the other member's
  std::string listener_url;

  void SetUp() override {
    PortOptions options;
    options.listen_urls = {"http://127.0.0.1:0"};
    options.spool_directory = directory.path + "/snap";
    options.own_thread = false;
    auto opened = PeerPort::open(options, nullptr, nullptr, {clock, log, registry, *files, pool});
    ASSERT_TRUE(opened.ok());
    port = std::move(*opened);
    port->serve({MemberId(1), ClusterId(99), {"http://" + port->bound()[0]}}, sink, local);
    listen_as_member();
    port->set_peers({{MemberId(2), {listener_url}}});
    port->step();
  }
  void TearDown() override {
    port->close();
    ::close(listener);
  }
  void listen_as_member() {
    listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    ASSERT_EQ(::listen(listener, 64), 0);
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
    listener_url = "http://127.0.0.1:" + std::to_string(ntohs(at.sin_port));
  }
  template <typename F>
  bool step_until(F condition) {
    return Member::wait_until([&] {
      port->step();
      return condition();
    });
  }
  std::unique_ptr<Wire> dial() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    const std::string address = port->bound()[0];
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    return std::make_unique<Wire>(fd);
  }
  std::unique_ptr<Wire> open_stream(const std::string& kind) {
    auto wire = dial();
    wire->write("GET /raft/stream/" + kind +
                "/2 HTTP/1.1\r\nHost: x\r\nX-Server-Version: 3.7.1\r\nX-Min-Cluster-Version: "
                "3.0.0\r\nX-Etcd-Cluster-ID: 63\r\nX-Raft-To: 1\r\n\r\n");
    EXPECT_TRUE(step_until([&] { return wire->has("\r\n\r\n"); }));
    return wire;
  }
  // The next connection that our side makes.
  std::unique_ptr<Wire> accept() {
    int fd = -1;
    EXPECT_TRUE(step_until([&] { return (fd = ::accept(listener, nullptr, nullptr)) >= 0; }));
    return std::make_unique<Wire>(fd);
  }
};

// A quiet stream still says that it lives.
TEST_F(PortTimeTest, QuietStream_CarriesLinkHeartbeats) {
  auto apps = open_stream("msgapp");
  auto messages = open_stream("message");
  EXPECT_FALSE(apps->has("1\r\n" + std::string(1, '\0') + "\r\n"));
  clock.advance(milliseconds(1700));
  EXPECT_TRUE(step_until([&] { return apps->has("1\r\n" + std::string(1, '\0') + "\r\n"); }));
  EXPECT_TRUE(step_until([&] { return messages->has("\x02\x08\x08\r\n"); }));
}

// A stream without a byte for 5 s is given up and dialed again.
TEST_F(PortTimeTest, SilentStream_IsDialedAgain) {
  auto first = accept();
  auto second = accept();
  for (Wire* wire : {first.get(), second.get()}) {
    EXPECT_TRUE(step_until([&] { return wire->has("\r\n\r\n"); }));
    wire->write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  }
  EXPECT_TRUE(step_until([&] { return port->active_since(MemberId(2)) != TimePoint::max(); }));
  clock.advance(milliseconds(5100));
  EXPECT_TRUE(step_until([&] { return first->has_ended() && second->has_ended(); }));
  EXPECT_EQ(port->active_since(MemberId(2)), TimePoint::max());
  auto again = accept();
  EXPECT_TRUE(step_until([&] { return again->has("GET /raft/"); }));
}

// A refused stream is tried again after 100 ms, not before.
TEST_F(PortTimeTest, RefusedStream_WaitsAHundredMilliseconds) {
  for (int i = 0; i < 2; i++) {
    auto wire = accept();
    EXPECT_TRUE(step_until([&] { return wire->has("\r\n\r\n"); }));
    wire->write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(step_until([&] { return wire->has_ended(); }));
  }
  for (int i = 0; i < 50; i++) port->step();
  EXPECT_LT(::accept(listener, nullptr, nullptr), 0);
  clock.advance(milliseconds(101));
  auto again = accept();
  EXPECT_TRUE(step_until([&] { return again->has("GET /raft/stream/"); }));
}

// A reader that takes nothing for 5 s is cut off.
TEST_F(PortTimeTest, StalledReader_IsCutOff) {
  auto wire = open_stream("msgapp");
  raft::Message m;
  m.to = MemberId(2);
  m.from = MemberId(1);
  m.entries.push_back({Term(1), Index(1), raft::EntryType::kNormal,
                       std::make_shared<const std::string>(std::string(16 << 20, 'p'))});
  port->send({m});
  for (int i = 0; i < 20; i++) port->step();
  for (int i = 0; i < 5; i++) {
    clock.advance(milliseconds(1700));
    port->step();
    port->step();
  }
  EXPECT_GT(sink.unreachable_count, 0);
}

TEST_F(PortTimeTest, IdleConnection_IsClosed) {
  auto wire = dial();
  wire->write("GET /version HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(step_until([&] { return wire->has("etcdserver"); }));
  EXPECT_FALSE(wire->has_ended());
  clock.advance(milliseconds(5100));
  EXPECT_TRUE(step_until([&] { return wire->has_ended(); }));
}

// Nobody answers: a request ends in time.
TEST_F(PortTimeTest, UnansweredRequest_EndsInTime) {
  node::PeerReply got{-1, "", ""};
  node::PeerRequest request;
  request.to = MemberId(2);
  request.path = "/version";
  request.timeout = seconds(7);
  port->request(request, [&](node::PeerReply reply) { got = std::move(reply); });
  for (int i = 0; i < 20; i++) port->step();
  EXPECT_EQ(got.status, -1);
  clock.advance(milliseconds(7100));
  EXPECT_TRUE(step_until([&] { return got.status == 0; }));
  EXPECT_FALSE(got.error.empty());
}

// The node hears of all that one turn read at once, appends in order.
TEST_F(PortTimeTest, OneTurn_IsOneDelivery) {
  auto first = accept();
  EXPECT_TRUE(step_until([&] { return first->has("\r\n\r\n"); }));
  const bool apps = first->has("/msgapp/");
  auto second = accept();
  EXPECT_TRUE(step_until([&] { return second->has("\r\n\r\n"); }));
  Wire& wire = apps ? *first : *second;
  FrameBuffer frames;
  StreamEncoder encoder(StreamKind::kMsgApp);
  for (const uint64_t index : {9u, 5u, 7u}) {
    raft::Message m;
    m.to = MemberId(1);
    m.from = MemberId(2);
    m.term = Term(3);
    m.index = Index(index);
    encoder.put(frames, m);
  }
  const std::string bytes = frames.flat();
  char size[16];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  wire.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(size) + bytes +
             "\r\n");
  EXPECT_TRUE(step_until([&] { return sink.turns > 0; }));
  EXPECT_EQ(sink.turns, 1u);
  ASSERT_EQ(sink.messages.size(), 3u);
  EXPECT_EQ(sink.messages[0].index, Index(5));
  EXPECT_EQ(sink.messages[2].index, Index(9));
}

}  // namespace
}  // namespace keelson::peer::test
