#include "front_fixture.h"

namespace keelson::front::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Rules = FrontFixture;

// Three pings too early end the connection with grpc's words.
TEST_F(Rules, FastPings_AreTooMany) {
  auto c = client();
  c->call("/test.Svc/Hang", framed("x"));
  settle(*c);
  for (int i = 0; i < 4; i++) {
    EXPECT_FALSE(c->closed);
    c->ping();
    settle(*c);
    clock.advance(seconds(1));
  }
  ASSERT_EQ(c->goaways.size(), 1u);
  EXPECT_EQ(c->goaways[0].first, static_cast<uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM));
  EXPECT_EQ(c->goaways[0].second, "too_many_pings");
  EXPECT_TRUE(c->closed);
  EXPECT_EQ(services.cancelled, 1);
}

// etcd clients may ping every five seconds while a call is open.
TEST_F(Rules, PingsInTime_AreFine) {
  auto c = client();
  c->call("/test.Svc/Hang", framed("x"));
  settle(*c);
  for (int i = 0; i < 20; i++) {
    c->ping();
    settle(*c);
    clock.advance(seconds(5));
  }
  EXPECT_FALSE(c->closed);
  EXPECT_EQ(c->pings_acked, 20);
}

// grpc-go probes bandwidth with pings while data flows: each answer forgives.
TEST_F(Rules, PingsWithData_AreFine) {
  auto c = client();
  const int32_t id = c->call("/test.Svc/Bidi", "", false);
  settle(*c);
  for (int i = 0; i < 50; i++) {
    c->more(id, framed("x"), false);
    c->ping();
    settle(*c);
  }
  EXPECT_FALSE(c->closed);
}

// Without a call a ping in five seconds is too many, as permit-without-stream is off.
TEST_F(Rules, PingsWithoutCalls_AreTooMany) {
  auto c = client();
  settle(*c);
  for (int i = 0; i < 4; i++) {
    c->ping();
    settle(*c);
    clock.advance(seconds(6));
  }
  EXPECT_TRUE(c->closed);
}

// We ask whether an idle client lives, and close when it does not say so.
TEST_F(Rules, IdleClient_IsPingedThenClosed) {
  config.grpc_keepalive_interval = seconds(60);
  config.grpc_keepalive_timeout = seconds(20);
  auto c = client();
  c->call("/test.Svc/Hang", framed("x"));
  settle(*c);
  pass(seconds(61));
  settle(*c);
  EXPECT_EQ(c->pings, 1);
  EXPECT_FALSE(c->closed);
  pass(seconds(21));  // it had answered
  pass(seconds(61));  // the next ping finds it silent
  pass(seconds(22));
  EXPECT_EQ(services.cancelled, 1);
  pass(seconds(2));
  EXPECT_EQ(server().connections(), 0u);
}

// A machine that vanished takes nothing any more: our ping cannot even leave, and its calls must
// end all the same.
TEST_F(Rules, DeadClientWithAFullSocket_IsClosed) {
  config.grpc_keepalive_interval = seconds(60);
  config.grpc_keepalive_timeout = seconds(20);
  auto c = client(64 << 20);
  CHECK(nghttp2_session_set_local_window_size(c->session(), 0, 0, 64 << 20) == 0);
  c->call("/test.Svc/Hang", framed("x"));
  settle(*c);
  services.open.at(0)->call.send(std::string(16 << 20, 'x'));
  pass(seconds(1));
  for (int i = 0; i < 90; i++) pass(seconds(1));  // it reads nothing
  EXPECT_EQ(services.cancelled, 1);
  EXPECT_EQ(server().connections(), 0u);
}

// 6,000 calls that time out within 1.3 s: an honest client, and its connection lives on.
TEST_F(Rules, BulkCancel_Survives) {
  auto c = client();
  settle(*c);
  for (int i = 0; i < 60; i++) {
    std::vector<int32_t> ids;
    for (int k = 0; k < 100; k++) ids.push_back(c->call("/test.Svc/Hang", framed("x")));
    c->step();
    loop->run_once();
    for (const int32_t id : ids) c->reset(id);
    settle(*c);
    clock.advance(milliseconds(21));
  }
  EXPECT_FALSE(c->closed);
  EXPECT_EQ(services.cancelled, 6000);
  const int32_t id = c->call("/test.Svc/Echo", framed("x"));
  settle(*c);
  EXPECT_EQ(c->replies[id].trailer("grpc-status"), "0");
}

// A raw frame: length, type, flags, stream, payload.
std::string frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  std::string out(9, '\0');
  out[1] = static_cast<char>(payload.size() >> 8);
  out[2] = static_cast<char>(payload.size());
  out[3] = static_cast<char>(type);
  out[4] = static_cast<char>(flags);
  out[7] = static_cast<char>(stream >> 8);
  out[8] = static_cast<char>(stream);
  return out.append(payload);
}

struct Floods : FrontFixture {
  // Sends the same frame until the server closes or `most` were sent; what the server said. Past
  // the client's own session, which would take the answers for a mistake of the server's.
  std::string flood(H2Client& c, const std::string& one, int most) {
    settle(c);
    std::string many, said;
    for (int i = 0; i < 100; i++) many += one;
    sent = 0;
    for (bool closed = false; !closed && sent < most; sent += 100) {
      (void)::send(c.fd(), many.data(), many.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      loop->run_once();
      char buffer[65536];
      const ssize_t n = ::recv(c.fd(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (n > 0) said.append(buffer, static_cast<size_t>(n));
      closed = n == 0 || (n < 0 && errno != EAGAIN);
    }
    return said;
  }
  void expect_given_up(const std::string& said, int at_least) {
    EXPECT_NE(said.find("too_many_frames"), std::string::npos);
    EXPECT_GE(sent, at_least);
    EXPECT_LE(sent, at_least + 300);
  }
  static constexpr int kBurst = limits::kControlFrameBurst;
  static constexpr int kMost = 50'000;
  int sent = 0;
};

TEST_F(Floods, Settings_AreEnded) {
  auto c = client();
  expect_given_up(flood(*c, frame(4, 0, 0, ""), kMost), kBurst);
}

TEST_F(Floods, Pings_AreEnded) {
  auto c = client();
  const std::string said = flood(*c, frame(6, 0, 0, "12345678"), kMost);
  EXPECT_NE(said.find("too_many_pings"), std::string::npos);
}

TEST_F(Floods, EmptyData_IsEnded) {
  auto c = client();
  const int32_t id = c->call("/test.Svc/Client", "", false);
  settle(*c);
  expect_given_up(flood(*c, frame(0, 0, static_cast<uint32_t>(id), ""), kMost), kBurst);
  EXPECT_EQ(services.cancelled, 1);
}

TEST_F(Floods, Priorities_AreEnded) {
  auto c = client();
  expect_given_up(flood(*c, frame(2, 0, 1, std::string("\0\0\0\0\x10", 5)), kMost), kBurst);
}

// A client that floods and does not read either: the answers are bounded, too.
TEST_F(Floods, SettingsUnread_AreEnded) {
  auto c = client();
  settle(*c);
  std::string many;
  for (int i = 0; i < 900; i++) many += frame(4, 0, 0, "");
  for (int second = 0; second < 2000 && server().connections() > 0; second++) {
    (void)::send(c->fd(), many.data(), many.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    pass(seconds(1));
  }
  EXPECT_EQ(server().connections(), 0u);
}

// CONTINUATION frames without end: eight and no more.
TEST_F(Floods, Continuations_AreEnded) {
  auto c = client();
  settle(*c);
  std::string start = frame(1, 0, 1, "\x82");
  (void)::send(c->fd(), start.data(), start.size(), MSG_NOSIGNAL);
  flood(*c, frame(9, 0, 1, "\x84"), 1000);
  EXPECT_LT(sent, 1000);
}

struct Resets : FrontFixture {
  // Opens calls and resets them, as one would in the rapid-reset attack.
  void open_and_reset(H2Client& c, uint32_t count) {
    for (uint32_t done = 0; done < count && !c.closed;) {
      std::vector<int32_t> ids;
      for (; ids.size() < 500 && done < count; done++)
        ids.push_back(c.call("/test.Svc/Hang", framed("x")));
      settle(c);
      for (const int32_t id : ids) c.reset(id);
      settle(c);
    }
  }
  void expect_given_up(H2Client& c) {
    EXPECT_TRUE(c.closed);
    ASSERT_EQ(c.goaways.size(), 1u);
    EXPECT_EQ(c.goaways[0].first, static_cast<uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM));
    EXPECT_EQ(c.goaways[0].second, "too_many_resets");
    EXPECT_EQ(services.destroyed, services.started);
  }
};

// Open and reset, open and reset: the attack runs into its limit, whatever time it is outside.
TEST_F(Resets, MoreThanTheBurst_EndTheConnection) {
  auto c = client();
  open_and_reset(*c, limits::kResetBurst);
  EXPECT_FALSE(c->closed);
  open_and_reset(*c, 1);
  expect_given_up(*c);
}

// A client that goes on at the allowed rate for a minute is not an attacker.
TEST_F(Resets, AtTheAllowedRate_GoOn) {
  auto c = client();
  open_and_reset(*c, limits::kResetBurst);
  for (int i = 0; i < 5; i++) {
    clock.advance(milliseconds(100));
    open_and_reset(*c, limits::kResetsPerSecond / 10);
  }
  EXPECT_FALSE(c->closed);
  open_and_reset(*c, 1);
  expect_given_up(*c);
}

// "MadeYouReset": the client breaks a rule in each stream and leaves the reset to us.
TEST_F(Resets, Provoked_CountToo) {
  auto c = client();
  settle(*c);
  for (uint32_t i = 0; i <= limits::kResetBurst && !c->closed; i++) {
    const int32_t id = c->call("/test.Svc/Hang", framed("x"));
    c->step();
    // A window beyond 2^31: a flow control error of this stream.
    const std::string update = frame(8, 0, static_cast<uint32_t>(id), "\x7f\xff\xff\xff");
    (void)::send(c->fd(), update.data(), update.size(), MSG_NOSIGNAL);
    loop->run_once();
    c->step();
  }
  settle(*c);
  expect_given_up(*c);
}

// What is not HTTP at all is closed without a word, as etcd does: who speaks another protocol would
// take an HTTP/1.1 answer for its frames.
TEST_F(Rules, Garbage_IsClosed) {
  const std::string endless(5000, 'x');
  for (const std::string& what :
       {std::string("INVALID CONNECTION PREFACE\r\n\r\n"), std::string("\0\0\0\0garbage\n", 12),
        std::string("GET /\r\n"), endless}) {
    const io::Fd fd = connect();
    ASSERT_GT(::send(fd.get(), what.data(), what.size(), MSG_NOSIGNAL), 0);
    for (int i = 0; i < 3; i++) loop->run_once();
    EXPECT_EQ(server().connections(), 0u) << what;
  }
}

// HEADERS for a stream that is over would be skipped, and the client would wait for ever.
TEST_F(Rules, HeadersForAClosedStream_EndTheConnection) {
  auto c = client();
  const int32_t id = c->call("/test.Svc/Echo", framed("x"));
  settle(*c);
  const std::string again = frame(1, 5, static_cast<uint32_t>(id), "\x82");
  (void)::send(c->fd(), again.data(), again.size(), MSG_NOSIGNAL);
  settle(*c);
  ASSERT_EQ(c->goaways.size(), 1u);
  EXPECT_EQ(c->goaways[0].first, uint32_t{NGHTTP2_PROTOCOL_ERROR});
  EXPECT_TRUE(c->closed);
}

// Trailers of a request that is still open are no new request.
TEST_F(Rules, TrailersOfAnOpenStream_AreFine) {
  auto c = client();
  const int32_t id = c->call("/test.Svc/Client", "", false);
  settle(*c);
  const std::string trailers =
      frame(1, 5, static_cast<uint32_t>(id), std::string("\x00\x01x\x01y", 5));
  (void)::send(c->fd(), trailers.data(), trailers.size(), MSG_NOSIGNAL);
  settle(*c);
  EXPECT_TRUE(c->goaways.empty());
  EXPECT_FALSE(c->closed);
}

TEST_F(Rules, SilentConnection_IsCutOff) {
  const io::Fd fd = connect();
  ASSERT_GT(::send(fd.get(), "PRI * HT", 8, MSG_NOSIGNAL), 0);
  pass(seconds(119));
  EXPECT_EQ(server().connections(), 1u);
  pass(seconds(3));
  EXPECT_EQ(server().connections(), 0u);
}

// SIGTERM on cleartext: what runs may end, then the connection closes by itself.
TEST_F(Rules, Drain_LetsRunningCallsEnd) {
  auto c = client();
  const int32_t id = c->call("/test.Svc/Hang", framed("x"));
  settle(*c);
  server().drain();
  settle(*c);
  ASSERT_EQ(c->goaways.size(), 2u);
  EXPECT_EQ(c->goaways[1].first, 0u);
  EXPECT_FALSE(c->closed);
  services.open.at(0)->call.send("last words");
  services.open.at(0)->call.finish({});
  settle(*c);
  EXPECT_EQ(c->replies[id].messages(), std::vector<std::string>{"last words"});
  EXPECT_TRUE(c->closed);
}

TEST_F(Rules, DrainIdle_ClosesAtOnce) {
  auto c = client();
  settle(*c);
  server().drain();
  settle(*c);
  EXPECT_TRUE(c->closed);
}

// --max-concurrent-streams holds whatever the client does.
TEST_F(Rules, StreamsBeyondTheLimit_AreRefused) {
  config.max_concurrent_streams = 3;
  auto c = client();
  for (int i = 0; i < 5; i++) c->call("/test.Svc/Hang", framed("x"));  // before SETTINGS came
  settle(*c);
  EXPECT_EQ(services.open.size(), 3u);
}

// grpc-go reads 0 as "no limit"; taken literally it would refuse every call.
TEST_F(Rules, StreamsZero_IsNoLimit) {
  config.max_concurrent_streams = 0;
  auto c = client();
  for (int i = 0; i < 5; i++) c->call("/test.Svc/Hang", framed("x"));
  settle(*c);
  EXPECT_EQ(services.open.size(), 5u);
}

}  // namespace
}  // namespace keelson::front::test
