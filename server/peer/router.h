// What each request to the peer port means: the raft routes with their checks in etcd's order, and
// the pages. The loop's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "peer/context.h"
#include "peer/inbound.h"
#include "peer/local.h"
#include "peer/peer.h"

namespace keelson::peer {

// Who is known. Any thread.
class PeerTable {
 public:
  virtual ~PeerTable() = default;
  virtual std::shared_ptr<Peer> find(MemberId member) = 0;
  virtual bool removed(MemberId member) = 0;
  // A sender that is no member here; `urls` joined by commas.
  virtual void learn(MemberId member, std::string_view urls) = 0;
};

class Router {
 public:
  Router(Context& context, PeerTable& peers, Local& local)
      : context_(context), peers_(peers), local_(local) {}

  Plan plan(const io::Http1Head& head, Inbound& connection);
  void serve(const io::Http1Head& head, std::string&& body, Inbound& connection, uint64_t turn);
  void attach(const io::Http1Head& head, io::Fd fd, std::unique_ptr<io::TlsSession> tls);

 private:
  Plan plan_post() const;
  Plan plan_stream(const io::Http1Head& head);
  Plan plan_snapshot(Inbound& connection);
  Answer take_message(const std::string& body, const Inbound& connection);
  Headers stream_headers() const;
  void learn_sender(const io::Http1Head& head);

  Context& context_;
  PeerTable& peers_;
  Local& local_;
  uint64_t snapshots_begun_ = 0;
  std::shared_ptr<size_t> snapshots_open_ = std::make_shared<size_t>(0);
};

// Versions and cluster as the headers of a raft request state them. `status` 0: fine.
struct Compatibility {
  int status = 0;
  std::string_view text;
};
Compatibility check_headers(const io::Http1Head& head, const Identity& identity);
// Hexadecimal, as in paths and headers.
std::optional<MemberId> parse_member(std::string_view text);

}  // namespace keelson::peer
