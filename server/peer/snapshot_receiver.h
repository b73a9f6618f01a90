// A snapshot that arrives by POST /raft/snapshot: the message in front, then the image, which is
// written to a file of its own on the pool, synced there and handed to the node. The loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/metrics.h"
#include "peer/context.h"
#include "peer/inbound.h"
#include "raft/types.h"

namespace keelson::peer {

// Names of unfinished files; what an earlier process left under them may be removed.
inline constexpr std::string_view kSpoolPrefix = "incoming-";

class SnapshotReceiver final : public BodySink,
                               public std::enable_shared_from_this<SnapshotReceiver> {
 public:
  struct Events {
    std::function<void(const Answer&)> answer;  // once, on the loop
    std::function<void()> resume;               // after take() said no
  };
  SnapshotReceiver(Context& context, std::string path, std::string remote_address, Events events);
  // A file that was not handed over is removed, on the pool.
  ~SnapshotReceiver() override;

  bool take(std::string_view bytes) override;
  void end() override;

 private:
  // Shared with the pool's jobs, of which one runs at a time.
  struct Spool {
    io::FileSystem& files;
    const std::string path;
    std::unique_ptr<io::File> file;
    uint64_t size = 0;
    bool handed_over = false;
    Spool(io::FileSystem& f, std::string p) : files(f), path(std::move(p)) {}
    ~Spool();
    Status append(const std::string& piece);
    Status finish();
  };

  bool take_message();
  bool refuse(int status, const std::string& text);
  void write_out(bool last);
  void written(bool last, const Status& status);
  void hand_over();
  void taken(const Status& status);

  Context& context_;
  const std::string remote_address_;
  Events events_;
  std::string buffer_;
  uint64_t message_bytes_ = 0;
  bool has_message_ = false, failed_ = false, writing_ = false, ended_ = false;
  raft::Message message_;
  std::shared_ptr<Spool> spool_;
  std::string from_;  // label of the metrics
  TimePoint begun_;
};

}  // namespace keelson::peer
