// Snapshots on their way to one member by POST /raft/snapshot, one after the other. The image is
// read in pieces on the pool, each when the one before has left. The loop's.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "node/transport.h"
#include "peer/exchange.h"

namespace keelson::peer {

class SnapshotSender final : public ExchangeUser,
                             public std::enable_shared_from_this<SnapshotSender> {
 public:
  // `done` hears of each snapshot.
  SnapshotSender(Context& context, MemberId remote, UrlPicker& urls,
                 std::function<void(bool ok)> done);

  void put(node::OutgoingSnapshot&& snapshot);
  void stop();  // what is under way and what waits has failed; `done` hears of it

  void on_head(const io::Http1Head& head) override { status_ = head.status; }
  void on_end() override;
  void on_drained() override;
  void on_failure(const std::string& error) override { finish(false, error); }

 private:
  void next();
  void read_piece();
  void got_piece(const std::string& piece, const Status& status);
  void finish(bool ok, const std::string& error);

  Context& context_;
  const MemberId remote_;
  UrlPicker& urls_;
  const std::function<void(bool ok)> done_;
  Metrics::Snapshots metrics_;
  SendMetrics sent_;

  std::deque<node::OutgoingSnapshot> queue_;  // the front one is under way
  bool under_way_ = false;
  bool stopped_ = false;
  std::shared_ptr<Exchange> exchange_;
  std::shared_ptr<io::File> image_;  // shared with the pool's job
  uint64_t read_bytes_ = 0;
  bool reading_ = false;  // the pool is at it
  bool ended_ = false;    // the last piece has been written
  int status_ = 0;
  TimePoint begun_{};
  uint64_t number_ = 0;  // tells late pieces of another snapshot
};

}  // namespace keelson::peer
