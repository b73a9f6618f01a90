#include "wal/recovery.h"

#include <algorithm>
#include <utility>

#include "wal/segment_reader.h"

namespace keelson::wal {
namespace {

constexpr const char* kAdvice =
    "; this member's log cannot be trusted: restore the member from a snapshot, or remove it from "
    "the "
    "cluster and add it again with an empty data directory";

Status damaged(const std::string& path, uint64_t offset, const std::string& why) {
  return Status(Code::kDataLoss, "wal: " + path + " is damaged at offset " +
                                     std::to_string(offset) + ": " + why + kAdvice);
}

std::string text_of(Position p) {
  return segment_name(p.sequence()) + " offset " + std::to_string(p.offset());
}

class Recoverer {
 public:
  Recoverer(io::FileSystem& fs, const std::string& dir, Recovered& out)
      : fs_(fs), dir_(dir), out_(out) {}

  Result<RecoveredLog> run(const std::vector<uint64_t>& sequences);

 private:
  Status read_heads(const std::vector<uint64_t>& sequences);
  Status read_head(SegmentInfo& segment);
  Status find_chain();
  Status replay();
  Status replay_segment(size_t i, std::optional<uint64_t> limit);
  Status take_frame(SegmentInfo& segment, const Frame& frame);
  Status take_opening(const SegmentInfo& segment, const Frame& frame);
  Status take_batch(SegmentInfo& segment, const Frame& frame);
  bool take_entry(SegmentInfo& segment, const EntryView& entry);
  Status judge_tail();
  Status judge_remains(SegmentInfo& segment, uint64_t from);
  bool exists(uint64_t sequence) const;

  io::FileSystem& fs_;
  const std::string& dir_;
  Recovered& out_;
  RecoveredLog log_;
  std::vector<size_t> chain_;  // the opened segments that join, oldest first
};

Result<RecoveredLog> Recoverer::run(const std::vector<uint64_t>& sequences) {
  if (Status s = read_heads(sequences); !s.ok()) return s;
  if (Status s = find_chain(); !s.ok()) return s;
  if (Status s = replay(); !s.ok()) return s;
  if (Status s = judge_tail(); !s.ok()) return s;
  return std::move(log_);
}

Status Recoverer::read_heads(const std::vector<uint64_t>& sequences) {
  if (sequences.empty()) {
    return Status(Code::kFailedPrecondition,
                  "wal: " + dir_ +
                      " holds no log segment: the files are missing; put "
                      "them back or start with an empty data directory");
  }
  for (const uint64_t sequence : sequences) {
    if (!log_.segments.empty() && sequence != log_.segments.back().sequence + 1) {
      return Status(Code::kDataLoss, "wal: segment " +
                                         segment_name(log_.segments.back().sequence + 1) +
                                         " is missing in " + dir_ + kAdvice);
    }
    SegmentInfo& segment = log_.segments.emplace_back();
    segment.sequence = sequence;
    segment.path = dir_ + "/" + segment_name(sequence);
    if (Status s = read_head(segment); !s.ok()) return s;
  }
  return {};
}

Status Recoverer::read_head(SegmentInfo& segment) {
  auto reader = SegmentReader::open(fs_, segment.path, segment.sequence);
  if (!reader.ok()) return reader.status();
  segment.size = reader->size();
  segment.head = reader->head();
  const Identity& identity = reader->head().identity;
  if (log_.segments.size() == 1) out_.identity = identity;
  if (!(identity == out_.identity)) {
    return Status(
        Code::kFailedPrecondition,
        "wal: " + segment.path +
            " belongs to another cluster or member than the segments before it: files of two "
            "data directories are mixed; put the right ones back");
  }
  Frame frame;
  auto found = reader->frame_at(kHeadBytes, frame);
  if (!found.ok()) return found.status();
  if (*found != SegmentReader::Found::kFrame) return {};
  if (frame.header.kind != FrameKind::kOpening || !decode_opening(frame.payload, segment.opening) ||
      segment.opening.previous_end.sequence() >= segment.sequence) {
    return damaged(segment.path, kHeadBytes, "the segment's opening makes no sense");
  }
  segment.opened = true;
  segment.opening_previous = frame.header.previous;
  return {};
}

bool Recoverer::exists(uint64_t sequence) const {
  return sequence >= log_.segments.front().sequence && sequence <= log_.segments.back().sequence;
}

// From the newest opened segment back, each opening names the segment and the place it goes on
// from. Segments between the two were prepared and given up; their content does not count.
Status Recoverer::find_chain() {
  size_t at = log_.segments.size();
  while (at > 0 && !log_.segments[at - 1].opened) --at;
  if (at == 0) {
    return damaged(log_.segments.front().path, kHeadBytes, "no segment has a readable opening");
  }
  log_.last = --at;
  chain_.push_back(at);
  const uint64_t first = log_.segments.front().sequence;
  for (;;) {
    const SegmentInfo& next = log_.segments[at];
    const uint64_t previous = next.opening.previous_end.sequence();
    if (previous < first) break;
    at = previous - first;
    if (!log_.segments[at].opened) {
      return damaged(log_.segments[at].path, kHeadBytes,
                     "segment " + segment_name(next.sequence) + " goes on from it");
    }
    chain_.push_back(at);
  }
  std::reverse(chain_.begin(), chain_.end());
  return {};
}

Status Recoverer::replay() {
  const Opening& first = log_.segments[chain_.front()].opening;
  out_.base = first.last;
  out_.generation = first.generation;
  out_.hard_state = first.hard_state;
  log_.end_crc = log_.segments[chain_.front()].opening_previous;
  for (size_t i = 0; i + 1 < chain_.size(); ++i) {
    const Position limit = log_.segments[chain_[i + 1]].opening.previous_end;
    if (Status s = replay_segment(chain_[i], limit.offset()); !s.ok()) return s;
  }
  return replay_segment(chain_.back(), std::nullopt);
}

// Up to `limit`, which the next segment proves to be the end here, or to the first place that holds
// no frame that joins.
Status Recoverer::replay_segment(size_t i, std::optional<uint64_t> limit) {
  SegmentInfo& segment = log_.segments[i];
  auto reader = SegmentReader::open(fs_, segment.path, segment.sequence);
  if (!reader.ok()) return reader.status();
  uint64_t offset = kHeadBytes;
  Frame frame;
  log_.sealed = false;
  while (!log_.sealed && !(limit && offset == *limit)) {
    auto found = reader->frame_at(offset, frame);
    if (!found.ok()) return found.status();
    if (*found != SegmentReader::Found::kFrame || frame.header.previous != log_.end_crc ||
        (limit && frame.end > *limit)) {
      break;
    }
    if (Status s = take_frame(segment, frame); !s.ok()) return s;
    log_.end_crc = frame.crc;
    log_.proven = std::max(log_.proven, frame.header.synced_to);
    offset = frame.end;
  }
  if (offset == kHeadBytes)
    return damaged(segment.path, offset, "it does not join the segment before");
  if (limit && offset != *limit) {
    return damaged(segment.path, offset, "the next segment proves that it had been written safely");
  }
  log_.end = Position(segment.sequence, offset);
  return {};
}

Status Recoverer::take_frame(SegmentInfo& segment, const Frame& frame) {
  if (frame.header.synced_to > Position(segment.sequence, frame.offset)) {
    return damaged(segment.path, frame.offset, "a frame proves what lies behind it");
  }
  if ((frame.header.kind == FrameKind::kOpening) != (frame.offset == kHeadBytes)) {
    return damaged(segment.path, frame.offset, "an opening belongs first and only there");
  }
  switch (frame.header.kind) {
    case FrameKind::kOpening:
      return take_opening(segment, frame);
    case FrameKind::kBatch:
      return take_batch(segment, frame);
    case FrameKind::kSeal:
      break;
  }
  uint64_t next = 0;
  if (!decode_seal(frame.payload, next) || next <= segment.sequence) {
    return damaged(segment.path, frame.offset, "a seal that makes no sense");
  }
  if (!exists(next)) {
    return Status(Code::kDataLoss,
                  "wal: segment " + segment_name(next) + " is missing in " + dir_ + kAdvice);
  }
  log_.sealed = true;
  return {};
}

// The state it repeats must be the state that the segments before it led to.
Status Recoverer::take_opening(const SegmentInfo& segment, const Frame& frame) {
  const Opening& opening = segment.opening;
  if (opening.last == out_.last() && opening.generation == out_.generation &&
      opening.hard_state == out_.hard_state) {
    return {};
  }
  return damaged(segment.path, frame.offset, "its opening contradicts the segments before it");
}

Status Recoverer::take_batch(SegmentInfo& segment, const Frame& frame) {
  BatchReader batch(frame.payload);
  for (;;) {
    switch (batch.next()) {
      case BatchReader::Next::kEntry:
        if (take_entry(segment, batch.entry)) break;
        return damaged(segment.path, frame.offset,
                       "entry " + std::to_string(batch.entry.index.value) + " does not follow " +
                           std::to_string(out_.last().value));
      case BatchReader::Next::kHardState:
        out_.hard_state = batch.hard_state;
        break;
      case BatchReader::Next::kGeneration:
        out_.generation = batch.generation.generation;
        if (!batch.generation.reset) break;
        out_.entries.clear();
        out_.base = *batch.generation.reset;
        break;
      case BatchReader::Next::kEnd:
        return {};
      case BatchReader::Next::kMalformed:
        return damaged(segment.path, frame.offset, "a frame holds a record that makes no sense");
    }
  }
}

bool Recoverer::take_entry(SegmentInfo& segment, const EntryView& entry) {
  if (entry.index.value == 0 || entry.index > out_.last().next()) return false;
  // A later entry replaces an earlier one of its index and all behind it. The earlier ones may lie
  // in a segment that is gone: then the log begins here.
  if (entry.index <= out_.base) {
    out_.base = entry.index.prev();
    out_.entries.clear();
  }
  out_.entries.resize(entry.index.value - out_.base.value - 1);
  EntryRecord& record = out_.entries.emplace_back();
  record.index = entry.index;
  record.term = entry.term;
  record.type = entry.type;
  if (entry.has_data) record.data = std::make_shared<const std::string>(entry.data);
  segment.max_index = std::max(segment.max_index, entry.index);
  return true;
}

// The rule: what stands behind the end is harmless unless it proves that a sync had finished behind
// it.
Status Recoverer::judge_tail() {
  for (size_t i = log_.last; i < log_.segments.size(); ++i) {
    if (i == log_.last && log_.sealed) continue;
    const uint64_t from = i == log_.last ? log_.end.offset() : kHeadBytes;
    if (Status s = judge_remains(log_.segments[i], from); !s.ok()) return s;
    log_.torn = log_.torn || log_.segments[i].remains;
  }
  return {};
}

Status Recoverer::judge_remains(SegmentInfo& segment, uint64_t from) {
  auto reader = SegmentReader::open(fs_, segment.path, segment.sequence);
  if (!reader.ok()) return reader.status();
  auto remains = reader->scan(from);
  if (!remains.ok()) return remains.status();
  segment.remains = remains->any;
  if (remains->proven <= log_.end) return {};
  return damaged(log_.segments[log_.last].path, log_.end.offset(),
                 "the frame at " + text_of(Position(segment.sequence, remains->proof_offset)) +
                     " proves that the log had been written safely up to " +
                     text_of(remains->proven));
}

}  // namespace

Result<DirectoryListing> list_directory(io::FileSystem& fs, const std::string& dir, Log& log) {
  auto names = fs.list(dir);
  if (!names.ok()) return names.status();
  DirectoryListing out;
  for (const std::string& name : *names) {
    if (const auto sequence = parse_segment_name(name)) {
      out.sequences.push_back(*sequence);
    } else if (parse_spare_name(name)) {
      out.spares.push_back(name);
    } else if (is_etcd_name(name)) {
      return Status(
          Code::kFailedPrecondition,
          "wal: " + dir + "/" + name +
              " is a log file of etcd itself; start with another data directory, or let this "
              "member join the cluster empty");
    } else if (name != "lost+found") {
      log.warn("unknown file in the log directory is left alone", {{"path", dir + "/" + name}});
    }
  }
  return out;
}

Result<RecoveredLog> recover(io::FileSystem& fs, const std::string& dir,
                             const std::vector<uint64_t>& sequences, Recovered& out) {
  return Recoverer(fs, dir, out).run(sequences);
}

Status Recovered::check_applied(Index applied) const {
  if (applied < base) {
    return Status(Code::kDataLoss,
                  "wal: the log begins behind entry " + std::to_string(base.value) +
                      ", but the store ends at entry " + std::to_string(applied.value) +
                      " (log ends at " + end + ")" + kAdvice);
  }
  if (applied <= last()) return {};
  return Status(Code::kDataLoss, "wal: the log ends with entry " + std::to_string(last().value) +
                                     " at " + end + ", but the store has applied entry " +
                                     std::to_string(applied.value) + kAdvice);
}

}  // namespace keelson::wal
