#include "mvcc/window.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "base/check.h"

namespace keelson::mvcc {
namespace {

constexpr size_t round_up(size_t bytes, size_t step) { return (bytes + step - 1) / step * step; }

// Straight from the system: an evicted block's memory goes back at once and never fragments the
// heap.
char* map_memory(size_t bytes) {
  void* p = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) die("cannot allocate", "a block of the window", errno);
  return static_cast<char*>(p);
}

}  // namespace

Block::Block(size_t capacity_bytes, uint64_t block_number, Seq first)
    : number(block_number),
      first_seq(first),
      capacity(capacity_bytes),
      data_(map_memory(capacity_bytes)) {}

Block::~Block() { ::munmap(data_, capacity); }

const VersionRecord& Block::version(size_t i) const {
  uint32_t offset = 0;
  std::memcpy(&offset, data_ + capacity - (i + 1) * sizeof offset, sizeof offset);
  const RecordHead& head = record(offset);
  CHECK(head.type == RecordType::kVersion);
  return static_cast<const VersionRecord&>(head);
}

bool Block::fits(size_t bytes) const {
  return used_ + bytes + (versions_ + 1) * sizeof(uint32_t) <= capacity;
}

char* Block::append(size_t bytes, bool version) {
  CHECK(fits(bytes));
  char* at = data_ + used_;
  if (version) {
    const auto offset = static_cast<uint32_t>(used_);
    ++versions_;
    std::memcpy(data_ + capacity - versions_ * sizeof offset, &offset, sizeof offset);
  }
  used_ += bytes;
  return at;
}

const std::shared_ptr<const Block>* BlockList::find(Seq seq, Seq end) const {
  if (seq >= end) return nullptr;
  const auto after = std::upper_bound(first_seqs.begin(), first_seqs.end(), seq.value);
  if (after == first_seqs.begin()) return nullptr;
  return &blocks[static_cast<size_t>(after - first_seqs.begin()) - 1];
}

const VersionRecord* BlockList::version(Seq seq, Seq end) const {
  const auto* block = find(seq, end);
  if (block == nullptr) return nullptr;
  const VersionRecord& record = (*block)->version(seq.value - (*block)->first_seq.value);
  CHECK(record.seq == seq.value);
  return &record;
}

char* Window::append(size_t bytes, bool version) {
  if (last_ == nullptr || !last_->fits(bytes)) add_block(bytes);
  return last_->append(bytes, version);
}

void Window::add_block(size_t bytes) {
  const size_t capacity = round_up(std::max(block_bytes_, bytes + sizeof(uint32_t)), 8);
  auto block = std::make_shared<Block>(capacity, next_number_++, next_seq_);
  last_ = block.get();
  bytes_ += capacity;
  auto list = std::make_shared<BlockList>(*list_);
  list->blocks.push_back(std::move(block));
  list->first_seqs.push_back(next_seq_.value);
  list_ = std::move(list);
}

char* Window::append_version(const VersionRecord& head, size_t kv_size) {
  const size_t size = round_up(sizeof(VersionRecord) + kv_size, 8);
  CHECK(size <= UINT32_MAX);
  char* at = append(size, true);
  auto* record = new (at) VersionRecord(head);
  record->size = static_cast<uint32_t>(size);
  record->type = RecordType::kVersion;
  record->bucket = 0;
  record->kv_size = static_cast<uint32_t>(kv_size);
  record->seq = next_seq_.value;
  next_seq_ = next_seq_.next();
  return at + sizeof(VersionRecord);
}

void Window::append_row(RecordType type, Bucket bucket, bool local, std::string_view key,
                        std::string_view value) {
  CHECK(type == RecordType::kRow || type == RecordType::kRowErased);
  const size_t size = round_up(sizeof(RowRecord) + key.size() + value.size(), 8);
  CHECK(size <= UINT32_MAX);
  char* at = append(size, false);
  auto* record = new (at) RowRecord();
  record->size = static_cast<uint32_t>(size);
  record->type = type;
  record->mark = local;
  record->bucket = static_cast<uint16_t>(bucket);
  record->key_size = static_cast<uint32_t>(key.size());
  record->value_size = static_cast<uint32_t>(value.size());
  char* bytes = at + sizeof(RowRecord);
  if (!key.empty()) std::memcpy(bytes, key.data(), key.size());
  if (!value.empty()) std::memcpy(bytes + key.size(), value.data(), value.size());
}

void Window::append_end(Index index, Term term) {
  auto* record = new (append(sizeof(EndRecord), false)) EndRecord();
  record->size = sizeof(EndRecord);
  record->type = RecordType::kEntryEnd;
  record->index = index.value;
  record->term = term.value;
}

Position Window::end() const {
  return last_ == nullptr ? Position() : Position{.block = last_->number, .offset = last_->used()};
}

std::shared_ptr<const void> Window::hold_since(Position from) const {
  if (last_ == nullptr) return nullptr;
  if (from.block == last_->number) return list_->blocks.back();
  return list_;  // an entry over several blocks: all of them, for as long as it takes
}

bool Window::evict_oldest(Position persisted) {
  if (list_->blocks.size() < 2 || list_->blocks.front()->number >= persisted.block) return false;
  auto list = std::make_shared<BlockList>();
  list->blocks.assign(list_->blocks.begin() + 1, list_->blocks.end());
  list->first_seqs.assign(list_->first_seqs.begin() + 1, list_->first_seqs.end());
  bytes_ -= list_->blocks.front()->capacity;
  list_ = std::move(list);
  return true;
}

StreamReader::StreamReader(const BlockList& list, Position from, Position to)
    : list_(list), at_(from), to_(to) {
  if (at_.block == 0 && !list_.blocks.empty())
    at_ = {.block = list_.blocks[0]->number, .offset = 0};
}

const RecordHead* StreamReader::next() {
  while (at_ < to_) {
    CHECK(at_.block >= list_.blocks.front()->number);
    const Block& block = *list_.blocks[at_.block - list_.blocks.front()->number];
    const size_t end = at_.block == to_.block ? to_.offset : block.used();
    if (at_.offset < end) {
      const RecordHead& head = block.record(at_.offset);
      at_.offset += head.size;
      CHECK(at_.offset <= end);
      return &head;
    }
    at_ = {.block = at_.block + 1, .offset = 0};
  }
  return nullptr;
}

}  // namespace keelson::mvcc
