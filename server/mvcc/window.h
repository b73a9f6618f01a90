// The newest changes of all tables in memory, as an append-only stream of encoded records: what
// SQLite does not hold yet, and as much before it as the byte budget allows.
//
// A stream is a chain of refcounted blocks of 1 MiB (a record that does not fit into one gets a
// block of its own size). Inside a block records grow from the front; from the back grows a table
// of u32 offsets, one for each key version, so that a row number leads to its record without a
// search.
//
//   | record | record | ... free ...            | offset of version 1 | offset of version 0 |
//
// Each record starts with its size (a multiple of 8) and type; the layouts are the structs below.
// This is memory, not a file format: it never leaves the process.
//
// Threads: one owner appends. Others read only what a View was given: blocks up to the published
// position. A block's bytes are never written again once published.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "mvcc/types.h"

namespace keelson::mvcc {

enum class RecordType : uint8_t { kVersion, kRow, kRowErased, kEntryEnd };

struct RecordHead {
  uint32_t size;  // of the whole record
  RecordType type;
  bool mark;        // a version: tombstone; a row: local, that is not part of an entry
  uint16_t bucket;  // of a row
};

struct VersionRecord : RecordHead {
  uint32_t kv_size;
  uint32_t sub;
  uint64_t seq;
  int64_t main;
  uint64_t prev_seq;
  std::string_view kv() const { return {reinterpret_cast<const char*>(this + 1), kv_size}; }
};

struct RowRecord : RecordHead {
  uint32_t key_size;
  uint32_t value_size;
  std::string_view key() const { return {reinterpret_cast<const char*>(this + 1), key_size}; }
  std::string_view value() const {
    return {reinterpret_cast<const char*>(this + 1) + key_size, value_size};
  }
};

struct EndRecord : RecordHead {
  uint64_t index;
  uint64_t term;
};

// A place between two records.
struct Position {
  uint64_t block = 0;  // running number
  size_t offset = 0;
  auto operator<=>(const Position&) const = default;
};

class Block {
 public:
  Block(size_t capacity, uint64_t number, Seq first_seq);
  ~Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  const uint64_t number;
  const Seq first_seq;  // of the first version that is or will be in it
  const size_t capacity;

  const RecordHead& record(size_t offset) const {
    return *reinterpret_cast<const RecordHead*>(data_ + offset);
  }
  // The i-th version; the caller knows that it was published.
  const VersionRecord& version(size_t i) const;

  // Owner only, or any thread when a younger block was published.
  size_t used() const { return used_; }

 private:
  friend class Window;
  bool fits(size_t bytes) const;
  char* append(size_t bytes, bool version);

  char* const data_;
  size_t used_ = 0;
  size_t versions_ = 0;
};

// The blocks of a window at one time, oldest first.
struct BlockList {
  std::vector<std::shared_ptr<const Block>> blocks;
  std::vector<uint64_t> first_seqs;  // of blocks; apart, so that a search stays in one place

  // The block that holds this row; null when the row is older, or at or above `end` (the first row
  // that was not published to the caller).
  const std::shared_ptr<const Block>* find(Seq seq, Seq end) const;
  const VersionRecord* version(Seq seq, Seq end) const;
  // The oldest row in memory; `end` when there is none.
  Seq begin(Seq end) const { return first_seqs.empty() ? end : Seq(first_seqs.front()); }
};

class Window {
 public:
  Window(Seq next_seq, size_t block_bytes) : block_bytes_(block_bytes), next_seq_(next_seq) {}

  Seq next_seq() const { return next_seq_; }
  // Makes room for a version with `kv_size` bytes of KeyValue, which the caller writes at once at
  // the returned place. Its row is next_seq() of before.
  char* append_version(const VersionRecord& head, size_t kv_size);
  void append_row(RecordType type, Bucket bucket, bool local, std::string_view key,
                  std::string_view value);
  void append_end(Index index, Term term);

  Position end() const;
  std::shared_ptr<const BlockList> list() const { return list_; }
  // The version's record when it is in memory.
  const VersionRecord* find(Seq seq) const { return list_->version(seq, next_seq_); }
  // Keeps alive what was appended since `from`.
  std::shared_ptr<const void> hold_since(Position from) const;

  size_t bytes() const { return bytes_; }
  // Drops the oldest block if all of it lies before `persisted`; false otherwise.
  bool evict_oldest(Position persisted);

 private:
  char* append(size_t bytes, bool version);
  void add_block(size_t bytes);

  const size_t block_bytes_;
  Seq next_seq_;
  uint64_t next_number_ = 1;
  size_t bytes_ = 0;
  Block* last_ = nullptr;
  std::shared_ptr<const BlockList> list_ = std::make_shared<BlockList>();
};

// Walks the records of a part of the stream. Any thread.
class StreamReader {
 public:
  StreamReader(const BlockList& list, Position from, Position to);
  // Null at the end.
  const RecordHead* next();
  // Behind the record that next() gave last.
  Position position() const { return at_; }

 private:
  const BlockList& list_;
  Position at_;
  const Position to_;
};

}  // namespace keelson::mvcc
