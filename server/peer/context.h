// What all parts of the peer port share. Lives as long as the port; unless said otherwise for the
// port's own thread ("the loop").
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/mutex.h"
#include "io/event_loop.h"
#include "io/fs.h"
#include "io/tls.h"
#include "node/transport.h"
#include "peer/metrics.h"

namespace keelson::peer {

// Who this member is, as every request and answer says it.
struct Identity {
  MemberId member;
  ClusterId cluster;
  std::vector<std::string> peer_urls;  // advertised
};

// Lets other threads find the loop while it lives.
class Mailbox {
 public:
  explicit Mailbox(io::EventLoop* loop) : loop_(loop) {}
  // Any thread. False, and `work` is gone, after close().
  bool post(std::function<void()> work) {
    MutexLock hold(mutex_);
    if (loop_ == nullptr) return false;
    loop_->post(std::move(work));
    return true;
  }
  void close() {
    MutexLock hold(mutex_);
    loop_ = nullptr;
  }

 private:
  Mutex mutex_;
  io::EventLoop* loop_ GUARDED_BY(mutex_);
};

struct Context {
  const Clock& clock;
  Log& log;
  Executor& pool;
  io::FileSystem& files;
  Metrics& metrics;
  io::EventLoop& loop;
  std::shared_ptr<Mailbox> mailbox;
  io::TlsClient* tls_client = nullptr;  // null: https cannot be dialed
  std::string spool_directory{};

  Identity identity{};                    // set before anything is dialed or accepted
  node::PeerSink* sink = nullptr;         // null before serve() and after close()
  std::vector<raft::Message> received{};  // in this turn

  // One read of a socket, and what TLS makes of it: used within one callback.
  std::vector<char> cipher_scratch{}, plain_scratch{};
};

}  // namespace keelson::peer
