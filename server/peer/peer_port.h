// etcd's member-to-member protocol, both sides: listens on the peer URLs, dials every other member,
// carries raft messages, snapshots and the peer pages (reference peer.md). One thread, "peer", with
// an event loop of its own; no thread a member.
//
// Life of a port, in the order of a start:
//   open()    binds the URLs. Nothing is answered yet; fetch() works.
//   (the node is made, with this as its Transport; set_peers() may be called)
//   serve()   accepts, dials, and hands what comes to the sink and the pages.
//   close()   cuts everything; the sink and the pages are not called after it has returned.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/status.h"
#include "io/event_loop.h"
#include "io/fs.h"
#include "io/tls.h"
#include "node/transport.h"
#include "peer/context.h"
#include "peer/local.h"
#include "peer/requests.h"

namespace keelson::peer {

struct PortOptions {
  std::vector<std::string> listen_urls;  // http, https, unix, unixs; port 0: the kernel chooses
  bool reuse_port = false;
  // Where incoming snapshots are put; made if needed. Files that an earlier process left there
  // under names of ours are removed.
  std::string spool_directory;
  // Client certificates must fit the address they come from (unless
  // --peer-skip-client-san-verification).
  bool check_client_san = true;
  // Without a thread, step() must be called: for tests.
  bool own_thread = true;
};

// What the port uses; all of it outlives the port.
struct PortWorld {
  const Clock& clock;
  Log& log;
  Registry& registry;
  io::FileSystem& files;
  Executor& pool;  // name look-ups, image files
};

class PeerPort final : public node::Transport {
 public:
  // `server` is needed for https URLs among listen_urls, `client` for https URLs of others.
  static Result<std::unique_ptr<PeerPort>> open(PortOptions options,
                                                std::unique_ptr<io::TlsServer> server,
                                                std::unique_ptr<io::TlsClient> client,
                                                PortWorld world);
  ~PeerPort() override;  // close(), then joins the thread
  PeerPort(const PeerPort&) = delete;
  PeerPort& operator=(const PeerPort&) = delete;

  // "127.0.0.1:2380" for each URL, with the port the kernel gave.
  std::vector<std::string> bound() const;

  // One exchange with a URL of no known member, before or after serve(): GET /members, /version.
  // Tried once. `done` comes once, on the port's thread, not inside this call.
  void fetch(const std::string& url, const std::string& path, Duration timeout,
             std::function<void(FetchReply&&)> done);
  // The same; waits. Not on the port's own thread, and only with own_thread.
  FetchReply fetch(const std::string& url, const std::string& path, Duration timeout);

  // Once. `sink` and `local` live until close() has returned.
  void serve(Identity identity, node::PeerSink& sink, Local& local);
  // Once or more. Requests under way are answered with status 0, snapshots are released.
  void close();

  // node::Transport
  void send(std::vector<raft::Message>&& messages) override;
  void send_snapshot(node::OutgoingSnapshot&& snapshot) override;
  void set_peers(std::vector<node::PeerAddress> peers) override;
  void set_removed(std::vector<MemberId> removed) override;
  void request(node::PeerRequest request, std::function<void(node::PeerReply)> done) override;
  TimePoint active_since(MemberId member) const override;

  // One turn of the loop, which does not wait; only without own_thread.
  void step();

  struct Impl;

 private:
  explicit PeerPort(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace keelson::peer
