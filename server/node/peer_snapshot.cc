// The state for a follower that the log cannot help any more, both ways.
#include "base/bytes.h"
#include "node/core.h"

namespace keelson::node {

void Core::start_peer_snapshot(raft::Message&& message) {
  env_.log.warn(
      "a follower is too far behind for the log; sending snapshots comes with etcd's format",
      {{"member-id", hex(message.to.value)}});
  raft_.report_snapshot(message.to, false);
}

void Core::receive_snapshot(raft::Message&&, std::string, std::function<void(Status)> done) {
  done(Status(Code::kUnimplemented, "this member cannot take a snapshot yet"));
}

}  // namespace keelson::node
