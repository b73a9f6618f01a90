// A member that is nothing but a peer port: sends every message back to where it came from, and
// every snapshot, too. e2e/peer lets etcd's own rafthttp talk to it.
//
//   peer_tool ID CLUSTER DIRECTORY PEER_ID PEER_URL      ids in hex; prints its own URL
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <thread>

#include "base/bytes.h"
#include "peer/peer_port.h"

namespace keelson::peer {
namespace {

struct ThreadPool final : Executor {
  bool post(std::function<void()> job) override {
    std::thread(std::move(job)).detach();
    return true;
  }
};

struct Pages final : Local {
  std::string members_json() const override {
    return "[{\"id\":1,\"peerURLs\":[\"http://127.0.0.1:1\"],\"name\":\"tool\"}]";
  }
  std::string cluster_version() const override { return "3.7.0"; }
  std::string storage_version() const override { return "3.7.0"; }
  void promote_member(MemberId, const std::string&, Done<std::string> done) override {
    done(Status(Code::kFailedPrecondition, "membership: can only promote a learner member"));
  }
  void hash_kv(int64_t revision, Done<HashKvAnswer> done) override {
    done(HashKvAnswer{6, 2860923722, -1, revision});
  }
  void lease_keep_alive(LeaseId id, Done<int64_t> done) override {
    if (id.value == 7) return done(int64_t{60});
    done(Status(Code::kNotFound, "lease not found"));
  }
  void lease_time_to_live(LeaseId id, bool, Done<LeaseAnswer> done) override {
    done(LeaseAnswer{id, 59, 60, {"k1"}});
  }
  void downgrade_enabled(Done<bool> done) override { done(false); }
};

struct Echo final : node::PeerSink {
  PeerPort* port = nullptr;
  io::FileSystem* files = nullptr;

  void receive(std::vector<raft::Message>&& messages) override {
    for (raft::Message& m : messages) std::swap(m.from, m.to);
    port->send(std::move(messages));
  }
  void unreachable(MemberId) override {}
  void snapshot_sent(MemberId, bool ok) override {
    std::cerr << "snapshot sent: " << (ok ? "good" : "failed") << std::endl;
  }
  void told_removed() override { std::cerr << "told that it was removed" << std::endl; }
  void receive_snapshot(raft::Message&& message, std::string path,
                        std::function<void(Status)> done) override {
    done({});
    auto image = files->open(path, io::OpenMode::kReadOnly);
    if (!image.ok()) return;
    node::OutgoingSnapshot back;
    back.message = std::move(message);
    std::swap(back.message.from, back.message.to);
    back.snapshot_data = "echo";
    const auto size = (*image)->size();
    back.size = size.ok() ? *size : 0;
    back.image = std::move(*image);
    port->send_snapshot(std::move(back));
  }
};

uint64_t number(const char* text) { return std::strtoull(text, nullptr, 16); }

int run(char** arguments) {
  static SystemClock clock;
  static Registry registry;
  static ThreadPool pool;
  const auto log = make_log(LogOptions{}, clock);
  const auto files = io::make_posix_file_system();
  PortOptions options;
  options.listen_urls = {"http://127.0.0.1:0"};
  options.spool_directory = arguments[3];
  Pages pages;
  Echo echo;
  auto port = PeerPort::open(options, nullptr, nullptr, {clock, **log, registry, *files, pool});
  if (!port.ok()) {
    std::cerr << port.status().text() << std::endl;
    return 1;
  }
  echo.port = port->get();
  echo.files = files.get();
  const std::string url = "http://" + (*port)->bound()[0];
  (*port)->set_peers({{MemberId(number(arguments[4])), {arguments[5]}}});
  (*port)->serve({MemberId(number(arguments[1])), ClusterId(number(arguments[2])), {url}}, echo,
                 pages);
  std::cout << url << std::endl;
  while (std::cin.get() != EOF) continue;  // until whoever started it goes
  (*port)->close();
  return 0;
}

}  // namespace
}  // namespace keelson::peer

int main(int count, char** arguments) {
  if (count != 6) {
    std::cerr << "usage: peer_tool ID CLUSTER DIRECTORY PEER_ID PEER_URL" << std::endl;
    return 2;
  }
  return keelson::peer::run(arguments);
}
