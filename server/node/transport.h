// How members reach each other, as the node sees it. Production: peer/ (etcd's peer protocol over
// sockets); the simulator: queues under virtual time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/status.h"
#include "io/fs.h"
#include "raft/types.h"

namespace keelson::node {

struct PeerAddress {
  MemberId id;
  std::vector<std::string> urls;  // its peer URLs
  bool operator==(const PeerAddress&) const = default;
};

// One exchange over a member's peer URLs, outside of the raft routes.
struct PeerRequest {
  MemberId to;
  std::string method = "GET";
  std::string path;
  std::string content_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers{};
  Duration timeout{};  // for all URLs and tries together
};
struct PeerReply {
  int status = 0;  // HTTP; 0: nobody answered in time, `error` says why
  std::string body;
  std::string error;
};

// The state of a leader on its way to a follower that the log cannot help any more: a MsgSnap and
// the image that belongs to it.
struct OutgoingSnapshot {
  raft::Message message;
  std::string snapshot_data;        // raftpb.Snapshot.data
  std::unique_ptr<io::File> image;  // read from 0 to `size`, on any thread
  uint64_t size = 0;
  std::function<void()> release;  // called once when the image is not needed any more
};

// Everything here is called inside a turn of the node: by one thread at a time, not always the
// same. Nothing blocks; what has no room is dropped and reported as unreachable.
class Transport {
 public:
  virtual ~Transport() = default;
  // In this order to each member. Messages to members that are not among the peers are dropped.
  virtual void send(std::vector<raft::Message>&& messages) = 0;
  // Ends in PeerSink::snapshot_sent.
  virtual void send_snapshot(OutgoingSnapshot&& snapshot) = 0;
  // All other members of now. Who is new is dialed, who is gone is cut off.
  virtual void set_peers(std::vector<PeerAddress> peers) = 0;
  // Members that were removed for good: their streams are refused with 410.
  virtual void set_removed(std::vector<MemberId> removed) = 0;
  // `done` once, on any thread, not inside this call.
  virtual void request(PeerRequest request, std::function<void(PeerReply)> done) = 0;
  // Since when this member's streams have been up; TimePoint::max() when they are not.
  virtual TimePoint active_since(MemberId member) const = 0;
};

// What comes from the other members. Any thread; nothing blocks.
class PeerSink {
 public:
  virtual ~PeerSink() = default;
  // Several appends of one read are sorted by index already (stock members send them reversed).
  virtual void receive(std::vector<raft::Message>&& messages) = 0;
  virtual void unreachable(MemberId member) = 0;
  virtual void snapshot_sent(MemberId member, bool ok) = 0;
  // The image is complete in the file `path`, which now belongs to the node. `done` once, on any
  // thread: ok means that it may be acknowledged to the sender.
  virtual void receive_snapshot(raft::Message&& message, std::string path,
                                std::function<void(Status)> done) = 0;
  // A member says that this one has been removed (410 on a stream).
  virtual void told_removed() = 0;
};

}  // namespace keelson::node
