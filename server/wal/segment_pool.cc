#include "wal/segment_pool.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace keelson::wal {
namespace {

constexpr uint64_t kFillChunkBytes = 1024 * 1024;
// Syncing now and then keeps the disk's queue short for the log's own syncs.
constexpr uint64_t kFillSyncBytes = 4 * 1024 * 1024;
constexpr auto kLowSpaceRetry = std::chrono::seconds(1);
// Of the segment in use: nobody knows yet.
constexpr Index kNoMaxIndex{std::numeric_limits<uint64_t>::max()};

// To the caller a file that cannot be made is the same as a disk that is full: it may work later.
Status no_room(const Status& why) { return Status(Code::kResourceExhausted, why.text()); }

}  // namespace

SegmentPool::SegmentPool(io::FileSystem& fs, std::string dir, Identity identity,
                         const Options& options)
    : fs_(fs), dir_(std::move(dir)), identity_(identity), options_(options) {
  CHECK(options_.segment_bytes >= kSegmentBytesMin);
  CHECK(options_.segment_bytes <= kSegmentBytesMax);
}

SegmentPool::~SegmentPool() {
  if (!helper_.joinable()) return;
  {
    MutexLock lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  helper_.join();
}

void SegmentPool::fatal(const Status& why) const {
  if (options_.on_fatal) {
    options_.on_fatal(why);
    CHECK(false);  // it must not return
  }
  std::fprintf(stderr,
               "fatal: log: %s; the process ends here so that nothing unsynced is acknowledged\n",
               why.text().c_str());
  std::fflush(stderr);
  std::_Exit(1);
}

Status SegmentPool::adopt(const RecoveredLog& log, const std::vector<std::string>& spares) {
  MutexLock lock(mutex_);
  for (size_t i = 0; i < log.segments.size(); ++i) {
    const SegmentInfo& info = log.segments[i];
    next_sequence_ = info.sequence + 1;
    if (i > log.last && i + 1 == log.segments.size() && !info.remains) {
      auto file = fs_.open(info.path, io::OpenMode::kReadWrite);
      if (!file.ok()) return file.status();
      prepared_ = FreshSegment{std::move(*file), info.head, info.path, info.size};
      break;
    }
    const Index max_index = i == log.last ? kNoMaxIndex : info.max_index;
    segments_.push_back({info.path, info.sequence, info.size, max_index, info.opened});
  }
  for (const std::string& name : spares) {
    next_spare_ = std::max(next_spare_, *parse_spare_name(name) + 1);
    auto file = fs_.open(path_of(name), io::OpenMode::kReadOnly);
    if (!file.ok()) return file.status();
    auto size = (*file)->size();
    if (!size.ok()) return size.status();
    if (*size == options_.segment_bytes) {
      spares_.push_back(name);
    } else if (Status s = fs_.remove(path_of(name)); !s.ok()) {
      return s;
    }
  }
  flushed(log.end);
  return {};
}

void SegmentPool::start() {
  if (!options_.helper_thread) return maintain();
  helper_ = std::thread([this] { run_helper(); });
  pthread_setname_np(helper_.native_handle(), "wal-files");
}

void SegmentPool::run_helper() {
  mutex_.lock();
  while (!stop_) {
    if (!work_to_do()) {
      wake_.wait(mutex_);
      continue;
    }
    mutex_.unlock();
    maintain();
    mutex_.lock();
    if (low_space() && !stop_) wake_.wait_for(mutex_, kLowSpaceRetry);
  }
  mutex_.unlock();
}

void SegmentPool::wake_or_work() {
  if (options_.helper_thread) {
    wake_.notify_one();
  } else {
    maintain();
  }
}

bool SegmentPool::prepared_missing() const { return options_.spare_segments > 0 && !prepared_; }

int SegmentPool::ahead() const { return static_cast<int>(spares_.size()) + (prepared_ ? 1 : 0); }

bool SegmentPool::spare_missing() const { return ahead() < options_.spare_segments; }

bool SegmentPool::work_to_do() const {
  return prepared_missing() || spare_missing() || releasable();
}

// The oldest segment may go when the state it carries is repeated, durably, in one behind it.
bool SegmentPool::releasable() const {
  if (segments_.empty() || segments_.front().max_index > released_) return false;
  const auto next = std::find_if(segments_.begin() + 1, segments_.end(),
                                 [](const Segment& segment) { return segment.opened; });
  if (next == segments_.end()) return false;
  return Position(next->sequence, kHeadBytes) < Position(flushed_.load(std::memory_order_acquire));
}

void SegmentPool::maintain() {
  MutexLock lock(work_mutex_);
  recycle_released();
  const Status status = refill();
  if (!status.ok() && !io::is_no_space(status)) fatal(status);
  low_space_.store(!status.ok(), std::memory_order_relaxed);
}

void SegmentPool::recycle_released() {
  while (auto segment = take_released()) recycle(*segment);
}

std::optional<SegmentPool::Segment> SegmentPool::take_released() {
  MutexLock lock(mutex_);
  if (!releasable()) return std::nullopt;
  Segment out = std::move(segments_.front());
  segments_.pop_front();
  return out;
}

// One more than the wanted number is kept: cuts and releases alternate, and without it each cut
// would make a file and each release delete one.
void SegmentPool::recycle(const Segment& segment) {
  const bool keep = [&] {
    MutexLock lock(mutex_);
    return segment.size == options_.segment_bytes && ahead() <= options_.spare_segments;
  }();
  if (!keep) {
    must(fs_.remove(segment.path));
    return must(sync_dir());
  }
  const std::string name = new_spare_name();
  must(fs_.rename(segment.path, path_of(name)));
  // Before the file is written to: the old name must not come back over new content.
  must(sync_dir());
  add_spare(name);
}

Status SegmentPool::refill() {
  const auto missing = [this](bool prepared) {
    MutexLock lock(mutex_);
    return prepared ? prepared_missing() : spare_missing();
  };
  if (missing(true)) {
    if (Status s = prepare(); !s.ok()) return s;
  }
  while (missing(false)) {
    auto name = make_spare();
    if (!name.ok()) return name.status();
    add_spare(*name);
  }
  return {};
}

Status SegmentPool::prepare() {
  auto spare = take_spare();
  if (!spare.ok()) return spare.status();
  const uint64_t sequence = [&] {
    MutexLock lock(mutex_);
    return next_sequence_;
  }();
  auto segment = make_segment(*spare, sequence);
  if (!segment.ok()) {
    add_spare(*spare);
    return segment.status();
  }
  MutexLock lock(mutex_);
  next_sequence_ = sequence + 1;
  prepared_ = std::move(*segment);
  return {};
}

Result<FreshSegment> SegmentPool::make_segment(const std::string& spare, uint64_t sequence) {
  CHECK(sequence <= 0xffffffffu);
  auto file = fs_.open(path_of(spare), io::OpenMode::kReadWrite);
  if (!file.ok()) return no_room(file.status());
  FreshSegment out;
  out.head = {sequence, segment_generation(options_.salt, sequence), identity_};
  out.path = path_of(segment_name(sequence));
  out.size = options_.segment_bytes;
  must((*file)->write_at(0, encode_head(out.head)));
  must(sync(**file));
  if (Status s = fs_.rename(path_of(spare), out.path); io::is_no_space(s)) {
    return s;  // a directory may need a block for a new name
  } else {
    must(s);
  }
  must(sync_dir());
  // Opened again, so that errors name the file as people see it.
  auto named = fs_.open(out.path, io::OpenMode::kReadWrite);
  out.file = named.ok() ? std::move(*named) : std::move(*file);
  return out;
}

Result<std::string> SegmentPool::take_spare() {
  {
    MutexLock lock(mutex_);
    if (!spares_.empty()) {
      std::string name = std::move(spares_.back());
      spares_.pop_back();
      return name;
    }
  }
  return make_spare();
}

Result<std::string> SegmentPool::make_spare() {
  const std::string name = new_spare_name();
  auto file = fs_.open(path_of(name), io::OpenMode::kCreateNew);
  if (!file.ok()) return no_room(file.status());
  Status status = (*file)->allocate(options_.segment_bytes);
  if (status.ok()) status = fill_zero(**file);
  if (status.ok()) return name;
  if (!io::is_no_space(status)) fatal(status);
  must(fs_.remove(path_of(name)));
  return status;
}

// Blocks that were written once are plain overwrites later: a sync of a batch then changes no
// metadata (FORMAT.md has the numbers).
Status SegmentPool::fill_zero(io::File& file) const {
  const std::string zeros(std::min(kFillChunkBytes, options_.segment_bytes), '\0');
  for (uint64_t at = 0; at < options_.segment_bytes;) {
    const uint64_t n = std::min<uint64_t>(zeros.size(), options_.segment_bytes - at);
    if (Status s = file.write_at(at, std::string_view(zeros).substr(0, n)); !s.ok()) return s;
    at += n;
    if (at % kFillSyncBytes != 0 && at != options_.segment_bytes) continue;
    if (Status s = sync(file); !s.ok()) return s;
  }
  return {};
}

std::optional<FreshSegment> SegmentPool::take_prepared() {
  MutexLock lock(mutex_);
  return std::exchange(prepared_, std::nullopt);
}

Result<FreshSegment> SegmentPool::next(uint64_t bytes) {
  auto segment = take_prepared();
  if (!segment) {
    // Too early for the helper, or the disk was full.
    MutexLock lock(work_mutex_);
    segment = take_prepared();
    if (!segment) {
      if (Status s = prepare(); !s.ok()) {
        if (!io::is_no_space(s)) fatal(s);
        low_space_.store(true, std::memory_order_relaxed);
        return s;
      }
      segment = take_prepared();
    }
  }
  if (Status s = grow(*segment, bytes); !s.ok()) {
    MutexLock lock(mutex_);
    prepared_ = std::move(segment);
    return s;
  }
  return std::move(*segment);
}

Status SegmentPool::grow(FreshSegment& segment, uint64_t bytes) const {
  CHECK(bytes <= kSegmentBytesMax);
  if (segment.size >= bytes) return {};
  const uint64_t size = (bytes + kHeadBytes - 1) / kHeadBytes * kHeadBytes;
  const Status status = segment.file->allocate(size);
  if (io::is_no_space(status)) return status;
  must(status);
  must(sync(*segment.file));
  segment.size = size;
  return {};
}

void SegmentPool::opened(const FreshSegment& segment, Index previous_max_index) {
  {
    MutexLock lock(mutex_);
    for (Segment& earlier : segments_) {
      if (earlier.max_index == kNoMaxIndex) earlier.max_index = previous_max_index;
    }
    segments_.push_back({segment.path, segment.head.sequence, segment.size, kNoMaxIndex, true});
  }
  wake_or_work();
}

void SegmentPool::release(Index index) {
  {
    MutexLock lock(mutex_);
    if (index <= released_) return;
    released_ = index;
  }
  wake_or_work();
}

int SegmentPool::segments() const {
  MutexLock lock(mutex_);
  return static_cast<int>(segments_.size());
}

void SegmentPool::check_invariants() const {
  MutexLock lock(mutex_);
  uint64_t expected = segments_.empty() ? next_sequence_ : segments_.front().sequence;
  int in_use = 0;
  for (const Segment& segment : segments_) {
    CHECK(segment.sequence == expected);
    ++expected;
    CHECK(in_use == 0 || !segment.opened);  // behind the one in use: only such as were given up
    in_use += segment.max_index == kNoMaxIndex ? 1 : 0;
  }
  CHECK(in_use == 1);
  CHECK(!prepared_ || prepared_->head.sequence == expected);
  CHECK(next_sequence_ == expected + (prepared_ ? 1 : 0));
}

void SegmentPool::add_spare(const std::string& name) {
  MutexLock lock(mutex_);
  spares_.push_back(name);
}

std::string SegmentPool::new_spare_name() {
  MutexLock lock(mutex_);
  return spare_name(next_spare_++);
}

}  // namespace keelson::wal
