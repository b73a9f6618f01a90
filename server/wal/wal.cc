#include "wal/wal.h"

#include <algorithm>
#include <atomic>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "wal/records.h"
#include "wal/recovery.h"
#include "wal/segment_pool.h"

namespace keelson::wal {
namespace {

// A buffer that a burst has blown up goes back to the allocator after its sync.
constexpr size_t kBufferKeepBytes = 8 * 1024 * 1024;
constexpr uint64_t kRewriteChunkBytes = 1024 * 1024;
// At the end of each segment there is always room for the seal.
constexpr uint64_t kSealBytes = frame_bytes(kVarintBytesMax);
constexpr uint64_t kOpeningBytesMax = frame_bytes(8 + 5 * kVarintBytesMax);
constexpr uint64_t kGenerationBytesMax = 2 + 2 * kVarintBytesMax;

std::string parent_of(const std::string& dir) {
  const size_t slash = dir.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : dir.substr(0, slash);
}

std::string without_slashes(std::string dir) {
  while (dir.size() > 1 && dir.back() == '/') dir.pop_back();
  return dir;
}

}  // namespace

// Owned by the log thread, except for the pool, which locks itself, and the counter.
struct Wal::Impl {
  Impl(io::FileSystem& file_system, const std::string& directory, const Identity& id,
       const Options& opts)
      : fs(file_system), dir(directory), options(opts), pool(file_system, directory, id, opts) {}

  Status create(uint64_t generation);
  Status resume(const RecoveredLog& log, const Recovered& recovered);
  Status rewrite_unproven(const RecoveredLog& log, io::File& file);

  Status make_room(uint64_t payload_bytes);
  Status cut(uint64_t payload_bytes);
  size_t begin_frame();
  void end_frame(size_t start, FrameKind kind);
  void write_opening(Position previous_end);
  void flush();

  Position position() const { return {head.sequence, buffer_offset + buffer.size()}; }

  io::FileSystem& fs;
  const std::string dir;
  const Options options;
  SegmentPool pool;
  std::atomic<uint64_t> bytes_written{0};

  // The segment in use. No file: the log must go on in a new one.
  std::unique_ptr<io::File> file;
  SegmentHead head;
  uint64_t segment_size = 0;
  Index max_index;  // of the entries in this segment

  std::string buffer;          // encoded frames that are not written yet
  uint64_t buffer_offset = 0;  // where they belong in the segment
  uint32_t last_crc = 0;       // of the frame before
  Position synced;             // proven by a finished sync
  Position flushed;            // as `synced`, but believed when syncs are switched off

  // What the next opening repeats.
  Index last_index;
  uint64_t generation = 0;
  HardStateRecord hard_state;
};

Status Wal::Impl::create(uint64_t store_generation) {
  generation = store_generation;
  if (Status s = cut(0); !s.ok()) return s;
  flush();
  if (Status s = fs.sync_dir(dir); !s.ok()) return s;
  if (Status s = fs.sync_dir(parent_of(dir)); !s.ok()) return s;
  pool.start();
  return {};
}

Status Wal::Impl::resume(const RecoveredLog& log, const Recovered& recovered) {
  const SegmentInfo& last = log.segments[log.last];
  auto opened = fs.open(last.path, io::OpenMode::kReadWrite);
  if (!opened.ok()) return opened.status();
  if (Status s = rewrite_unproven(log, **opened); !s.ok()) return s;
  if (Status s = fs.sync_dir(dir); !s.ok()) return s;
  // Somebody may have truncated the file: without room for a seal it is not written on.
  const bool has_room = log.end.offset() + kSealBytes <= last.size;
  if (!log.sealed && !log.torn && has_room) file = std::move(*opened);
  head = last.head;
  segment_size = last.size;
  max_index = last.max_index;
  buffer_offset = log.end.offset();
  last_crc = log.end_crc;
  synced = options.unsafe_no_sync ? log.proven : log.end;
  flushed = log.end;
  last_index = recovered.last();
  generation = recovered.generation;
  hard_state = recovered.hard_state;
  return {};
}

// What the process before had written but not proven may exist in the page cache only; worse, after
// a failed sync its pages count as clean there and no sync of ours would write them. So they are
// written again before anybody builds on them. The bytes are the same: a crash in between changes
// nothing.
Status Wal::Impl::rewrite_unproven(const RecoveredLog& log, io::File& target) {
  const bool here = log.proven.sequence() == log.end.sequence();
  uint64_t at = here ? log.proven.offset() : kHeadBytes;
  std::string chunk;
  while (at < log.end.offset()) {
    chunk.resize(std::min(kRewriteChunkBytes, log.end.offset() - at));
    auto got = target.read_at(at, chunk);
    if (!got.ok()) return got.status();
    if (*got != chunk.size()) {
      return Status(Code::kDataLoss, "wal: a segment in " + dir + " shrank while it was read");
    }
    if (Status s = target.write_at(at, chunk); !s.ok()) return s;
    at += chunk.size();
  }
  return options.unsafe_no_sync ? Status() : target.sync();
}

// After success a frame of this payload, and a seal behind it, fit into the segment.
Status Wal::Impl::make_room(uint64_t payload_bytes) {
  CHECK(payload_bytes <= kPayloadBytesMax);
  const uint64_t end = position().offset() + frame_bytes(payload_bytes) + kSealBytes;
  if (file && end <= segment_size) return {};
  return cut(payload_bytes);
}

// Goes on in the next segment. The old one is synced to its end before a byte is written to the new
// one, so an opening proves all that lies before it.
Status Wal::Impl::cut(uint64_t payload_bytes) {
  auto next = pool.next(kHeadBytes + kOpeningBytesMax + frame_bytes(payload_bytes) + kSealBytes);
  if (!next.ok()) return next.status();
  if (file) {
    const size_t start = begin_frame();
    encode_seal(buffer, next->head.sequence);
    end_frame(start, FrameKind::kSeal);
    flush();
  }
  const Position previous_end = position();
  pool.opened(*next, max_index);
  file = std::move(next->file);
  head = next->head;
  segment_size = next->size;
  max_index = Index();
  buffer_offset = kHeadBytes;
  write_opening(previous_end);
  return {};
}

void Wal::Impl::write_opening(Position previous_end) {
  const size_t start = begin_frame();
  encode_opening(buffer, {previous_end, last_index, generation, hard_state});
  end_frame(start, FrameKind::kOpening);
}

size_t Wal::Impl::begin_frame() {
  const size_t start = buffer.size();
  buffer.resize(start + kFrameHeaderBytes);
  return start;
}

void Wal::Impl::end_frame(size_t start, FrameKind kind) {
  const std::string_view payload = std::string_view(buffer).substr(start + kFrameHeaderBytes);
  FrameHeader header;
  header.length = static_cast<uint32_t>(payload.size());
  header.synced_to = synced;
  header.previous = last_crc;
  header.payload_crc = crc32c(0, payload);
  header.kind = kind;
  const uint64_t end = start + frame_bytes(payload.size());
  buffer.resize(end);
  CHECK(buffer_offset + end <= segment_size);
  last_crc =
      encode_frame_header(header, head.generation, buffer_offset + start, buffer.data() + start);
}

void Wal::Impl::flush() {
  if (buffer.empty()) return;
  if (Status s = file->write_at(buffer_offset, buffer); !s.ok()) pool.fatal(s);
  if (!options.unsafe_no_sync) {
    if (Status s = file->sync(); !s.ok()) pool.fatal(s);
    synced = position();
  }
  flushed = position();
  pool.flushed(flushed);
  buffer_offset = flushed.offset();
  bytes_written.fetch_add(buffer.size(), std::memory_order_relaxed);
  buffer.clear();
  if (buffer.capacity() > kBufferKeepBytes) buffer.shrink_to_fit();
}

Wal::Wal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Wal::~Wal() = default;

Result<std::unique_ptr<Wal>> Wal::create(io::FileSystem& fs, std::string dir, Identity identity,
                                         uint64_t generation, Options options, Log& log) {
  dir = without_slashes(std::move(dir));
  if (Status s = fs.make_dir(dir); !s.ok()) return s;
  auto names = fs.list(dir);
  if (!names.ok()) return names.status();
  if (std::any_of(names->begin(), names->end(), [](auto& name) { return name != "lost+found"; })) {
    return Status(Code::kAlreadyExists, "wal: " + dir +
                                            " is not empty: a new log needs a directory "
                                            "of its own");
  }
  auto impl = std::make_unique<Impl>(fs, dir, identity, options);
  if (Status s = impl->create(generation); !s.ok()) return s;
  log.info("created the log", {{"dir", dir}, {"segment-bytes", options.segment_bytes}});
  return std::unique_ptr<Wal>(new Wal(std::move(impl)));
}

Result<std::unique_ptr<Wal>> Wal::open(io::FileSystem& fs, std::string dir,
                                       std::optional<Index> applied, Options options, Log& log,
                                       Recovered& out) {
  dir = without_slashes(std::move(dir));
  out = Recovered();
  auto listing = list_directory(fs, dir, log);
  if (!listing.ok()) return listing.status();
  auto recovered = recover(fs, dir, listing->sequences, out);
  if (!recovered.ok()) return recovered.status();
  out.end = recovered->segments[recovered->last].path + " offset " +
            std::to_string(recovered->end.offset());
  out.torn_tail_cut = recovered->torn;
  if (applied) {
    if (Status s = out.check_applied(*applied); !s.ok()) return s;
  }
  auto impl = std::make_unique<Impl>(fs, dir, out.identity, options);
  if (Status s = impl->resume(*recovered, out); !s.ok()) return s;
  if (Status s = impl->pool.adopt(*recovered, listing->spares); !s.ok()) return s;
  if (recovered->torn) {
    log.warn("cut off an unfinished write at the end of the log; nothing acknowledged is lost",
             {{"end", out.end}, {"last-index", out.last().value}});
  }
  impl->pool.start();
  return std::unique_ptr<Wal>(new Wal(std::move(impl)));
}

Status Wal::append(const std::vector<EntryRecord>& entries,
                   const std::optional<HardStateRecord>& state) {
  if (entries.empty() && !state) return {};
  if (Status s = impl_->make_room(encoded_bytes(entries, state)); !s.ok()) return s;
  const size_t start = impl_->begin_frame();
  Index next = impl_->last_index.next();
  for (const EntryRecord& entry : entries) {
    CHECK(entry.index.value > 0);
    CHECK(&entry == &entries.front() ? entry.index <= next : entry.index == next);
    next = entry.index.next();
    encode_entry(impl_->buffer, entry);
    impl_->max_index = std::max(impl_->max_index, entry.index);
  }
  impl_->last_index = next.prev();
  if (state) {
    encode_hard_state(impl_->buffer, *state);
    impl_->hard_state = *state;
  }
  impl_->end_frame(start, FrameKind::kBatch);
  return {};
}

Status Wal::append_generation(uint64_t generation, std::optional<Index> reset) {
  if (Status s = impl_->make_room(kGenerationBytesMax); !s.ok()) return s;
  const size_t start = impl_->begin_frame();
  encode_generation(impl_->buffer, {generation, reset});
  impl_->end_frame(start, FrameKind::kBatch);
  impl_->generation = generation;
  if (reset) impl_->last_index = *reset;
  return {};
}

void Wal::sync() { impl_->flush(); }

void Wal::release(Index index) { impl_->pool.release(index); }

Stats Wal::stats() const {
  return {.bytes_written = impl_->bytes_written.load(std::memory_order_relaxed),
          .segments = impl_->pool.segments(),
          .low_space = impl_->pool.low_space()};
}

void Wal::check_invariants() const {
  CHECK(impl_->synced <= impl_->flushed);
  CHECK(impl_->flushed <= impl_->position());
  CHECK(impl_->buffer.size() % kAlignBytes == 0);
  CHECK(impl_->buffer.empty() || impl_->file);
  CHECK(!impl_->file || impl_->position().offset() + kSealBytes <= impl_->segment_size);
  impl_->pool.check_invariants();
}

}  // namespace keelson::wal
