// Whole ports over loopback: streams both ways, reconnects, refusals, snapshots, pages.
#include "peer/peer_port.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "peer/port_fixture.h"

namespace keelson::peer::test {
namespace {

using raft::Message;
using raft::MessageType;

struct Connection {
  int fd;
  explicit Connection(const std::string& address) : fd(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }
  ~Connection() { ::close(fd); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  void send(const std::string& text) const {
    EXPECT_EQ(::send(fd, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  std::string read_until(const std::string& end) const {
    std::string text;
    char buffer[4096];
    while (end.empty() || text.find(end) == std::string::npos) {
      const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
      if (n <= 0) break;
      text.append(buffer, static_cast<size_t>(n));
    }
    return text;
  }
};

std::string ask(const Member& m, const std::string& method, const std::string& target,
                const std::string& headers = "", const std::string& body = "") {
  const Connection c(m.port->bound()[0]);
  c.send(method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  return c.read_until("");
}

std::string raft_request_headers(const std::string& cluster = "63", const std::string& to = "1") {
  return "X-Server-From: 2\r\nX-Server-Version: 3.7.1\r\nX-Min-Cluster-Version: 3.0.0\r\n"
         "X-Etcd-Cluster-ID: " +
         cluster + "\r\nX-Raft-To: " + to + "\r\n";
}

struct PortTest : testing::Test {
  Member a{1}, b{2};
  void connect() {
    a.serve();
    b.serve();
    a.know({&b});
    b.know({&a});
    ASSERT_TRUE(a.wait_active(b));
    ASSERT_TRUE(b.wait_active(a));
  }
};

// Thousands of messages of all kinds arrive whole and in order.
TEST_F(PortTest, Streams_CarryEverythingInOrder) {
  connect();
  constexpr uint64_t kCount = 3000;
  for (uint64_t i = 0; i < kCount; i++) {
    Message beat = message(MessageType::kHeartbeat, a, b);
    beat.commit = Index(i);
    a.port->send({append(a, b, i, std::string(i % 7 * 1000, 'x')), beat});
  }
  ASSERT_TRUE(b.sink.wait([&] { return b.sink.messages.size() == 2 * kCount; }));
  uint64_t next_append = 0, next_beat = 0;
  for (const Message& m : b.sink.messages) {
    if (m.type == MessageType::kApp) {
      EXPECT_EQ(m.index, Index(next_append));
      EXPECT_EQ(m.entries.at(0).bytes().size(), next_append % 7 * 1000);
      next_append++;
    } else {
      EXPECT_EQ(m.commit, Index(next_beat++));
    }
  }
  EXPECT_EQ(next_append, kCount);
  EXPECT_EQ(b.sink.unreachable_count, 0);
}

// Three members, everyone to everyone.
TEST_F(PortTest, ThreeMembers_AllReachAll) {
  Member c(3);
  a.serve();
  b.serve();
  c.serve();
  a.know({&b, &c});
  b.know({&a, &c});
  c.know({&a, &b});
  for (Member* from : {&a, &b, &c}) {
    for (Member* to : {&a, &b, &c}) {
      if (from == to) continue;
      ASSERT_TRUE(to->wait_active(*from));
      ASSERT_TRUE(from->wait_active(*to));
      from->port->send({message(MessageType::kHeartbeatResp, *from, *to)});
    }
  }
  for (Member* m : {&a, &b, &c})
    EXPECT_TRUE(m->sink.wait([&] { return m->sink.messages.size() == 2; }));
}

// Before any stream is there messages go by POST: a member that just joined hears its leader. It
// answers the same way, to the URLs the leader told, although it knows no member.
TEST_F(PortTest, WithoutStreams_MessagesGoByPost) {
  a.serve();
  b.serve();
  a.know({&b});
  const auto arrives = [](Member& from, Member& to, MessageType type) {
    return Member::wait_until([&] {
      from.port->send({message(type, from, to)});
      const std::lock_guard<std::mutex> hold(to.sink.mutex);
      return !to.sink.messages.empty();
    });
  };
  ASSERT_TRUE(arrives(a, b, MessageType::kHeartbeat));
  ASSERT_TRUE(arrives(b, a, MessageType::kHeartbeatResp));
  EXPECT_EQ(a.sink.messages[0].type, MessageType::kHeartbeatResp);
}

// A member that goes away and comes back is found again.
TEST_F(PortTest, RestartedMember_IsDialedAgain) {
  connect();
  b.port->close();
  ASSERT_TRUE(Member::wait_until([&] { return a.port->active_since(b.id) == TimePoint::max(); }));
  a.port->send({message(MessageType::kHeartbeat, a, b)});
  EXPECT_TRUE(a.sink.wait([&] { return a.sink.unreachable_count > 0; }));
  Member again(2);
  again.serve();
  again.know({&a});
  a.know({&again});
  EXPECT_TRUE(a.wait_active(again));
  EXPECT_TRUE(again.wait_active(a));
}

// A reader that stops reading costs bounded memory, and raft is told.
TEST_F(PortTest, SlowReader_IsUnreachableAndBounded) {
  a.serve();
  a.know({&b});
  const Connection slow(a.port->bound()[0]);
  slow.send("GET /raft/stream/msgapp/2 HTTP/1.1\r\nHost: x\r\n" + raft_request_headers() + "\r\n");
  ASSERT_NE(slow.read_until("\r\n\r\n").find("200 OK"), std::string::npos);
  const auto payload = std::make_shared<const std::string>(std::string(1 << 20, 'p'));
  for (uint64_t i = 0; i < 200; i++) {
    Message m = append(a, b, i, "");
    m.entries[0].data = payload;
    a.port->send({std::move(m)});
  }
  EXPECT_TRUE(a.sink.wait([&] { return a.sink.unreachable_count > 0; }));
}

// Who was removed is told so on its streams.
TEST_F(PortTest, RemovedMember_Gets410) {
  a.serve();
  a.port->set_removed({b.id});
  b.serve();
  b.know({&a});
  EXPECT_TRUE(b.sink.wait([&] { return b.sink.removed_count > 0; }));
}

// The checks of the stream routes, in etcd's order, with its texts.
TEST_F(PortTest, StreamRoute_RefusesAsEtcdDoes) {
  a.serve();
  a.know({&b});
  const auto get = [&](const std::string& path, const std::string& headers) {
    return ask(a, "GET", path, headers);
  };
  const std::string wrong = get("/raft/stream/message/2", raft_request_headers("64"));
  EXPECT_TRUE(wrong.starts_with("HTTP/1.1 412 Precondition Failed\r\n")) << wrong;
  EXPECT_NE(wrong.find("cluster ID mismatch\n"), std::string::npos);
  EXPECT_NE(wrong.find("X-Etcd-Cluster-Id: 63\r\n"), std::string::npos);
  EXPECT_NE(wrong.find("X-Server-Version: 3.7.1\r\n"), std::string::npos);
  EXPECT_NE(
      get("/raft/stream/message/2", raft_request_headers("63", "9")).find("to field mismatch"),
      std::string::npos);
  EXPECT_NE(get("/raft/stream/other/2", raft_request_headers()).find("invalid path"),
            std::string::npos);
  EXPECT_NE(get("/raft/stream/message/xy", raft_request_headers()).find("invalid from"),
            std::string::npos);
  EXPECT_NE(get("/raft/stream/message/7", raft_request_headers()).find("error sender not found"),
            std::string::npos);
  EXPECT_NE(get("/raft/stream/message/2", "X-Etcd-Cluster-ID: 63\r\n").find("incompatible version"),
            std::string::npos);
  const std::string post = ask(a, "POST", "/raft/stream/message/2");
  EXPECT_TRUE(post.starts_with("HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\n")) << post;
}

TEST_F(PortTest, PostRoute_RefusesAsEtcdDoes) {
  a.serve();
  const std::string bad = ask(a, "POST", "/raft", raft_request_headers(), "\xff\xff");
  EXPECT_NE(bad.find("400 Bad Request"), std::string::npos) << bad;
  EXPECT_NE(bad.find("error unmarshalling raft message\n"), std::string::npos);
  // Heartbeat to member 9 in place of 1.
  const std::string other = ask(a, "POST", "/raft", raft_request_headers(), "\x08\x08\x10\x09");
  EXPECT_NE(other.find("500 Internal Server Error"), std::string::npos) << other;
  const std::string good = ask(a, "POST", "/raft", raft_request_headers(), "\x08\x08\x10\x01");
  EXPECT_TRUE(good.starts_with("HTTP/1.1 204 No Content\r\nX-Etcd-Cluster-Id: 63\r\n")) << good;
  EXPECT_TRUE(a.sink.wait([&] { return a.sink.messages.size() == 1; }));
}

// A stream that breaks off in a frame, or is none, is dialed again; nothing half is delivered.
TEST_F(PortTest, GarbageStream_IsCutAndDialedAgain) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  ASSERT_EQ(::listen(listener, 16), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
  a.serve();
  a.port->set_peers({{MemberId(2), {"http://127.0.0.1:" + std::to_string(ntohs(at.sin_port))}}});
  for (int i = 0; i < 6; i++) {
    const int fd = ::accept(listener, nullptr, nullptr);
    const std::string answer =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
        "chunked\r\n\r\n9\r\n\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\r\n";
    EXPECT_GT(::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL), 0);
    if (i % 2 == 0) ::shutdown(fd, SHUT_WR);
    char buffer[4096];
    while (::recv(fd, buffer, sizeof buffer, 0) > 0) continue;
    ::close(fd);
  }
  ::close(listener);
  EXPECT_TRUE(a.sink.messages.empty());
}

struct Image final : io::File {
  std::string bytes;
  explicit Image(std::string b) : bytes(std::move(b)) {}
  Result<size_t> read_at(uint64_t offset, std::span<char> out) override {
    const std::string piece = bytes.substr(offset, out.size());
    std::copy(piece.begin(), piece.end(), out.begin());
    return piece.size();
  }
  Status write_at(uint64_t, std::string_view) override { return {}; }
  Status sync() override { return {}; }
  Status truncate(uint64_t) override { return {}; }
  Status allocate(uint64_t) override { return {}; }
  Result<uint64_t> size() override { return bytes.size(); }
};

node::OutgoingSnapshot snapshot(const Member& from, const Member& to, const std::string& image,
                                std::atomic<int>& released) {
  node::OutgoingSnapshot s;
  s.message = message(MessageType::kSnap, from, to);
  s.message.snapshot.index = Index(77);
  s.message.snapshot.term = Term(3);
  s.message.snapshot.conf.voters = {from.id, to.id};
  s.snapshot_data = "{}";
  s.image = std::make_unique<Image>(image);
  s.size = image.size();
  s.release = [&released] { released++; };
  return s;
}

TEST_F(PortTest, Snapshot_ArrivesWhole) {
  a.serve();
  b.serve();
  a.know({&b});
  std::string image(5'000'001, '\0');
  for (size_t i = 0; i < image.size(); i++) image[i] = static_cast<char>(i * 31 >> 3);
  std::atomic<int> released{0};
  a.port->send_snapshot(snapshot(a, b, image, released));
  ASSERT_TRUE(a.sink.wait([&] { return !a.sink.snapshots_done.empty(); }));
  EXPECT_TRUE(a.sink.snapshots_done[0]);
  EXPECT_EQ(released, 1);
  EXPECT_EQ(b.sink.snapshot_message.snapshot.index, Index(77));
  std::ifstream file(b.sink.snapshot_file, std::ios::binary);
  const std::string got((std::istreambuf_iterator<char>(file)), {});
  EXPECT_TRUE(got == image) << got.size();
}

// What the receiver cannot use, or nobody receives, is reported as failed; no file is left.
TEST_F(PortTest, FailedSnapshot_IsReported) {
  a.serve();
  b.sink.snapshot_verdict = Status(Code::kUnknown, "no room");
  b.serve();
  a.know({&b});
  std::atomic<int> released{0};
  a.port->send_snapshot(snapshot(a, b, std::string(100, 'i'), released));
  ASSERT_TRUE(a.sink.wait([&] { return a.sink.snapshots_done.size() == 1; }));
  b.port->close();
  a.port->send_snapshot(snapshot(a, b, std::string(100, 'i'), released));
  ASSERT_TRUE(a.sink.wait([&] { return a.sink.snapshots_done.size() == 2; }));
  EXPECT_FALSE(a.sink.snapshots_done[0]);
  EXPECT_FALSE(a.sink.snapshots_done[1]);
  EXPECT_EQ(released, 2);
}

TEST_F(PortTest, SnapshotRoute_RefusesDamage) {
  a.serve();
  const auto post = [&](const std::string& body) {
    return ask(a, "POST", "/raft/snapshot", raft_request_headers(), body);
  };
  EXPECT_NE(post("abc").find("failed to decode raft message (unexpected EOF)"), std::string::npos);
  const std::string wrong = std::string(7, '\0') + "\x04" + "\x08\x08\x10\x01";
  EXPECT_NE(post(wrong).find("400 Bad Request"), std::string::npos);
  EXPECT_NE(post(wrong).find("wrong raft message type\n"), std::string::npos);
  EXPECT_NE(post("\x7f" + std::string(7, '\0')).find("400 Bad Request"), std::string::npos);
}

TEST_F(PortTest, Pages_AnswerAsEtcdDoes) {
  a.serve();
  const auto body = [](const std::string& text) { return text.substr(text.find("\r\n\r\n") + 4); };
  const std::string members = ask(a, "GET", "/members");
  EXPECT_EQ(body(members), "[{\"id\":1}]\n");
  EXPECT_NE(members.find("X-Etcd-Cluster-Id: 63\r\n"), std::string::npos);
  EXPECT_EQ(body(ask(a, "GET", "/version")),
            "{\"etcdserver\":\"3.7.1\",\"etcdcluster\":\"3.7.0\",\"storage\":\"unknown\"}");
  EXPECT_EQ(body(ask(a, "GET", "/members/hashkv", "", "{\"revision\":4}")),
            "{\"header\":{\"revision\":6},\"hash\":2860923722,\"compact_revision\":-1,"
            "\"hash_revision\":4}");
  EXPECT_EQ(body(ask(a, "GET", "/members/hashkv", "", "{\"revision\":9}")),
            "mvcc: required revision is a future revision\n");
  EXPECT_EQ(body(ask(a, "GET", "/members/hashkv", "", "nonsense")),
            "error unmarshalling request\n");
  EXPECT_EQ(body(ask(a, "POST", "/members/promote/5")), "[]\n");
  EXPECT_EQ(body(ask(a, "POST", "/members/promote/6")), "membership: ID not found\n");
  EXPECT_EQ(body(ask(a, "POST", "/members/promote/x")), "member x not found in cluster\n");
  EXPECT_EQ(hex_bytes(body(ask(a, "POST", "/leases", "", "\x08\x07"))), "1007183c");
  EXPECT_NE(ask(a, "POST", "/leases", "", "\x08\x09").find("404 Not Found"), std::string::npos);
  EXPECT_EQ(hex_bytes(body(ask(a, "POST", "/leases/internal", "", "\x0a\x04\x08\x07\x10\x01"))),
            "0a0c0a001007183b203c2a026b31");
  EXPECT_EQ(body(ask(a, "GET", "/downgrade/enabled")), "false");
  EXPECT_EQ(body(ask(a, "GET", "/nothing")), "404 page not found\n");
  EXPECT_TRUE(body(ask(a, "GET", "/raft/probing")).starts_with("{\"OK\":true,\"Now\":\"20"));
  EXPECT_NE(ask(a, "POST", "/members").find("405 Method Not Allowed"), std::string::npos);
}

// Before serve() a member asks others; unknown members are answered, dead ones are told.
TEST_F(PortTest, FetchAndRequest_Answer) {
  a.serve();
  const FetchReply reply = b.port->fetch(a.url(), "/members", std::chrono::seconds(5));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "[{\"id\":1}]\n");
  EXPECT_EQ(reply.header("x-etcd-cluster-id"), "63");
  const FetchReply dead = b.port->fetch("http://127.0.0.1:1", "/members", std::chrono::seconds(5));
  EXPECT_EQ(dead.status, 0);
  EXPECT_NE(dead.error.find("connection refused"), std::string::npos) << dead.error;
  b.serve();
  b.know({&a});
  std::mutex mutex;
  std::condition_variable changed;
  node::PeerReply got;
  node::PeerRequest request;
  request.to = a.id;
  request.path = "/version";
  request.timeout = std::chrono::seconds(5);
  b.port->request(request, [&](node::PeerReply r) {
    const std::lock_guard<std::mutex> hold(mutex);
    got = std::move(r);
    changed.notify_all();
  });
  std::unique_lock<std::mutex> hold(mutex);
  EXPECT_TRUE(changed.wait_for(hold, std::chrono::seconds(20), [&] { return got.status == 200; }));
}

}  // namespace
}  // namespace keelson::peer::test
