// One other member: which way a message goes, and everything that dials it.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "peer/context.h"
#include "peer/post_lane.h"
#include "peer/prober.h"
#include "peer/snapshot_sender.h"
#include "peer/stream_reader.h"
#include "peer/stream_writer.h"

namespace keelson::peer {

enum class PeerRole : uint8_t {
  kMember,
  // Not known as a member here, learned from the headers of what it sent: answered by POST alone.
  kRemote,
};

class Peer final : public std::enable_shared_from_this<Peer> {
 public:
  // Any thread; touches nothing of the loop before start().
  Peer(Context& context, MemberId id, const std::vector<std::string>& urls, PeerRole role);
  ~Peer();

  // One thread at a time, not always the same. All are for this member; MsgApp go by the msgapp
  // stream, the rest by the message stream, what has no stream by POST. In order on each. What has
  // no room is dropped and reported as unreachable. Before start() and after stop() all are
  // dropped.
  void send(std::span<const raft::Message* const> messages);
  // Any thread. TimePoint::max() unless both streams from that member are up.
  TimePoint active_since() const;
  MemberId id() const { return id_; }

  // The loop's:
  void start();
  void stop();  // for good; hears and says nothing any more
  void set_urls(const std::vector<std::string>& urls);
  std::vector<PeerUrl> urls() const { return url_list_; }
  // A stream that this member has dialed, beginning with an answer's head; replaces the one of its
  // kind.
  void attach(StreamKind kind, io::Fd fd, std::unique_ptr<io::TlsSession> tls,
              std::string_view head);
  void send_snapshot(node::OutgoingSnapshot&& snapshot);

 private:
  using Messages = std::vector<const raft::Message*>;
  using Writer = std::shared_ptr<StreamWriter>;

  Writer writer(StreamKind kind) const;
  bool write(const Writer& writer, const Messages& messages);
  void post(const Messages& messages);
  void lost_messages(size_t count);
  void report_unreachable();
  void detach(StreamWriter& writer);
  void posted(PostLane::Outcome outcome);
  void stream_changed(StreamKind kind, bool up);
  void snapshot_done(bool ok);

  Context& context_;
  const MemberId id_;
  const PeerRole role_;
  const SendMetrics metrics_;
  std::atomic<bool> started_{false};  // set by the loop alone
  std::atomic<bool> unreachable_posted_{false};
  std::atomic<int64_t> active_since_{INT64_MAX};

  mutable Mutex mutex_;
  std::array<Writer, 2> writers_ GUARDED_BY(mutex_);  // by StreamKind

  std::shared_ptr<PostLane> lane_;
  // Proposals wait at the other end until there is a leader: what elects one must not wait behind.
  std::shared_ptr<PostLane> proposal_lane_;

  // The loop's:
  std::vector<PeerUrl> url_list_;
  UrlPicker picker_;
  std::array<bool, 2> up_{};  // streams from that member
  std::optional<StreamReader> app_reader_, message_reader_;
  std::optional<Prober> prober_;
  std::shared_ptr<SnapshotSender> snapshots_;
};

}  // namespace keelson::peer
