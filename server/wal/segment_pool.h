// The files of a log directory: makes the next segment ahead of time, keeps spares, recycles what
// is released. All of this stays away from the thread that appends, except when it comes too early.
//
// A segment comes to be in this order, so that a file with a segment's name always has a good head
// and a generation that no frame was ever written under: spare file allocated, zero-filled and
// synced; head written and synced; renamed; directory synced. A released segment goes back by one
// rename and one directory sync, oldest first, so that no crash leaves a gap.
//
// Threads: next(), opened() and flushed() on the log thread; release() and the counters on any. The
// work is done by the helper thread, or inside start(), opened() and release() when there is none.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "wal/recovery.h"

namespace keelson::wal {

// A named segment with a durable head and nothing else of its generation.
struct FreshSegment {
  std::unique_ptr<io::File> file;
  SegmentHead head;
  std::string path;
  uint64_t size = 0;
};

class SegmentPool {
 public:
  SegmentPool(io::FileSystem& fs, std::string dir, Identity identity, const Options& options);
  ~SegmentPool();  // ends the helper thread; what it was doing is finished first

  // What recovery found. Spares of another size than options.segment_bytes are removed.
  Status adopt(const RecoveredLog& log, const std::vector<std::string>& spares);
  // Brings the spares up to their number.
  void start();

  // The segment to go on in, at least `bytes` large. ResourceExhausted: no room; nothing has
  // changed.
  Result<FreshSegment> next(uint64_t bytes);
  // The log goes on in this segment; the one before holds no entry above `previous_max_index`.
  void opened(const FreshSegment& segment, Index previous_max_index);
  // Everything before `position` is on disk. A released segment stays until the one behind it is
  // there.
  void flushed(Position position) { flushed_.store(position.value, std::memory_order_release); }
  void release(Index index);

  int segments() const;
  bool low_space() const { return low_space_.load(std::memory_order_relaxed); }
  void check_invariants() const;
  [[noreturn]] void fatal(const Status& why) const;  // see Options::on_fatal

 private:
  struct Segment {
    std::string path;
    uint64_t sequence = 0;
    uint64_t size = 0;
    Index max_index;
    bool opened = false;
  };

  void run_helper();
  void wake_or_work();
  bool work_to_do() const REQUIRES(mutex_);
  bool releasable() const REQUIRES(mutex_);
  void maintain();
  void recycle_released() REQUIRES(work_mutex_);
  std::optional<Segment> take_released();
  void recycle(const Segment& segment) REQUIRES(work_mutex_);
  Status refill() REQUIRES(work_mutex_);
  Status prepare() REQUIRES(work_mutex_);
  Result<FreshSegment> make_segment(const std::string& spare, uint64_t sequence)
      REQUIRES(work_mutex_);
  Result<std::string> take_spare() REQUIRES(work_mutex_);
  Result<std::string> make_spare() REQUIRES(work_mutex_);
  Status fill_zero(io::File& file) const;
  Status grow(FreshSegment& segment, uint64_t bytes) const;
  std::optional<FreshSegment> take_prepared();
  int ahead() const REQUIRES(mutex_);  // prepared and spare segments
  bool spare_missing() const REQUIRES(mutex_);
  bool prepared_missing() const REQUIRES(mutex_);
  void add_spare(const std::string& name);
  std::string new_spare_name();

  std::string path_of(const std::string& name) const { return dir_ + "/" + name; }
  Status sync(io::File& file) const { return options_.unsafe_no_sync ? Status() : file.sync(); }
  Status sync_dir() const { return options_.unsafe_no_sync ? Status() : fs_.sync_dir(dir_); }
  void must(const Status& status) const {
    if (!status.ok()) fatal(status);
  }

  // Constant.
  io::FileSystem& fs_;
  const std::string dir_;
  const Identity identity_;
  const Options options_;

  // Self-locking.
  std::atomic<uint64_t> flushed_{0};
  std::atomic<bool> low_space_{false};

  Mutex work_mutex_;     // one worker at the files; taken before mutex_
  mutable Mutex mutex_;  // never held over a file operation
  CondVar wake_;
  std::deque<Segment> segments_ GUARDED_BY(mutex_);  // by sequence; the last opened one is in use
  std::optional<FreshSegment> prepared_ GUARDED_BY(mutex_);
  std::vector<std::string> spares_ GUARDED_BY(mutex_);  // names
  uint64_t next_sequence_ GUARDED_BY(mutex_) = 1;
  uint64_t next_spare_ GUARDED_BY(mutex_) = 1;
  Index released_ GUARDED_BY(mutex_);
  bool stop_ GUARDED_BY(mutex_) = false;
  std::thread helper_;
};

}  // namespace keelson::wal
