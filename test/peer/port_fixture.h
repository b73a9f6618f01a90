// Ports with threads of their own on loopback, and what stands behind them.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "base/bytes.h"
#include "base/clock.h"
#include "peer/peer_port.h"

namespace keelson::peer::test {

// Runs jobs at once, on the thread that brings them.
struct InlinePool final : Executor {
  bool post(std::function<void()> job) override {
    job();
    return true;
  }
};

// Keeps what comes, and lets a test wait for it.
struct Sink final : node::PeerSink {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<raft::Message> messages;
  size_t turns = 0;
  int unreachable_count = 0, removed_count = 0;
  std::deque<bool> snapshots_done;
  std::string snapshot_file;
  raft::Message snapshot_message;
  Status snapshot_verdict;

  void receive(std::vector<raft::Message>&& list) override {
    const std::lock_guard<std::mutex> hold(mutex);
    turns++;
    for (raft::Message& m : list) messages.push_back(std::move(m));
    changed.notify_all();
  }
  void unreachable(MemberId) override { count(unreachable_count); }
  void told_removed() override { count(removed_count); }
  void snapshot_sent(MemberId, bool ok) override {
    const std::lock_guard<std::mutex> hold(mutex);
    snapshots_done.push_back(ok);
    changed.notify_all();
  }
  void receive_snapshot(raft::Message&& message, std::string path,
                        std::function<void(Status)> done) override {
    {
      const std::lock_guard<std::mutex> hold(mutex);
      snapshot_message = std::move(message);
      snapshot_file = std::move(path);
    }
    done(snapshot_verdict);
  }
  void count(int& what) {
    const std::lock_guard<std::mutex> hold(mutex);
    what++;
    changed.notify_all();
  }
  template <typename F>
  bool wait(F condition) {
    std::unique_lock<std::mutex> hold(mutex);
    return changed.wait_for(hold, std::chrono::seconds(20), condition);
  }
};

struct FakeLocal final : Local {
  std::string members_json() const override { return "[{\"id\":1}]"; }
  std::string cluster_version() const override { return "3.7.0"; }
  std::string storage_version() const override { return ""; }
  void promote_member(MemberId member, const std::string&, Done<std::string> done) override {
    if (member == MemberId(5)) return done(std::string("[]"));
    done(Status(Code::kNotFound, "membership: ID not found"));
  }
  void hash_kv(int64_t revision, Done<HashKvAnswer> done) override {
    if (revision > 6)
      return done(Status(Code::kOutOfRange, "mvcc: required revision is a future revision"));
    done(HashKvAnswer{6, 2860923722, -1, revision});
  }
  void lease_keep_alive(LeaseId id, Done<int64_t> done) override {
    if (id.value == 7) return done(int64_t{60});
    done(Status(Code::kNotFound, "lease not found"));
  }
  void lease_time_to_live(LeaseId id, bool keys, Done<LeaseAnswer> done) override {
    done(LeaseAnswer{id, 59, 60,
                     keys ? std::vector<std::string>{"k1"} : std::vector<std::string>{}});
  }
  void downgrade_enabled(Done<bool> done) override { done(false); }
};

struct TemporaryDirectory {
  std::string path;
  TemporaryDirectory() {
    path = (std::filesystem::temp_directory_path() / "keelson-peer-XXXXXX").string();
    CHECK(::mkdtemp(path.data()) != nullptr);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

struct TlsPair {
  std::unique_ptr<io::TlsServer> server;
  std::unique_ptr<io::TlsClient> client;
};

// One member: a port and what it talks to.
struct Member {
  MemberId id;
  SystemClock clock;
  NullLog log;
  Registry registry;
  InlinePool pool;
  TemporaryDirectory directory;
  std::unique_ptr<io::FileSystem> files = io::make_posix_file_system();
  Sink sink;
  FakeLocal local;
  std::unique_ptr<PeerPort> port;
  std::string scheme;

  explicit Member(uint64_t number, TlsPair tls = {}, bool check_san = true)
      : id(number), scheme(tls.server ? "https" : "http") {
    PortOptions options;
    options.listen_urls = {scheme + "://127.0.0.1:0"};
    options.spool_directory = directory.path + "/snap";
    options.check_client_san = check_san;
    auto opened = PeerPort::open(options, std::move(tls.server), std::move(tls.client),
                                 {clock, log, registry, *files, pool});
    EXPECT_TRUE(opened.ok()) << opened.status().text();
    port = std::move(*opened);
  }
  std::string url() const { return scheme + "://" + port->bound()[0]; }
  void serve(uint64_t cluster = 99) { port->serve({id, ClusterId(cluster), {url()}}, sink, local); }
  void know(std::initializer_list<const Member*> others) {
    std::vector<node::PeerAddress> peers;
    for (const Member* m : others) peers.push_back({m->id, {m->url()}});
    port->set_peers(peers);
  }
  bool wait_active(const Member& other) {
    return wait_until([&] { return port->active_since(other.id) != TimePoint::max(); });
  }
  template <typename F>
  static bool wait_until(F condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }
};

inline raft::Message message(raft::MessageType type, const Member& from, const Member& to) {
  raft::Message m;
  m.type = type;
  m.from = from.id;
  m.to = to.id;
  m.term = Term(3);
  return m;
}

inline raft::Message append(const Member& from, const Member& to, uint64_t index,
                            std::string data) {
  raft::Message m = message(raft::MessageType::kApp, from, to);
  m.log_term = Term(3);
  m.index = Index(index);
  m.entries.push_back({Term(3), Index(index + 1), raft::EntryType::kNormal,
                       std::make_shared<const std::string>(std::move(data))});
  return m;
}

}  // namespace keelson::peer::test
