#include "wal/records.h"

#include "base/bytes.h"

namespace keelson::wal {
namespace {

char type_byte(RecordType type) { return static_cast<char>(type); }

bool get_byte(std::string_view& in, uint8_t& v) {
  if (in.empty()) return false;
  v = static_cast<uint8_t>(in.front());
  in.remove_prefix(1);
  return true;
}

bool get_fixed64(std::string_view& in, uint64_t& v) {
  if (in.size() < 8) return false;
  v = get_u64le(in.data());
  in.remove_prefix(8);
  return true;
}

// An absent payload and an empty one differ: 0 is absent, n + 1 is n bytes.
uint64_t data_tag(const EntryRecord& entry) { return entry.data ? entry.data->size() + 1 : 0; }

uint64_t entry_bytes(const EntryRecord& entry) {
  const uint64_t tag = data_tag(entry);
  return 2 +
         static_cast<uint64_t>(varint_size(entry.index.value) + varint_size(entry.term.value) +
                               varint_size(tag)) +
         (tag == 0 ? 0 : tag - 1);
}

bool get_hard_state(std::string_view& in, HardStateRecord& out) {
  return get_varint(in, out.term.value) && get_varint(in, out.vote.value) &&
         get_varint(in, out.commit.value);
}

void put_hard_state(std::string& out, const HardStateRecord& state) {
  put_varint(out, state.term.value);
  put_varint(out, state.vote.value);
  put_varint(out, state.commit.value);
}

bool get_generation(std::string_view& in, GenerationRecord& out) {
  uint8_t has_reset = 0;
  uint64_t reset = 0;
  if (!get_varint(in, out.generation) || !get_byte(in, has_reset) || has_reset > 1) return false;
  if (has_reset == 1 && !get_varint(in, reset)) return false;
  out.reset = has_reset == 1 ? std::optional(Index(reset)) : std::nullopt;
  return true;
}

}  // namespace

uint64_t encoded_bytes(const std::vector<EntryRecord>& entries,
                       const std::optional<HardStateRecord>& state) {
  uint64_t bytes = state ? 1 + 3 * static_cast<uint64_t>(kVarintBytesMax) : 0;  // an upper bound
  for (const EntryRecord& entry : entries) bytes += entry_bytes(entry);
  return bytes;
}

void encode_entry(std::string& out, const EntryRecord& entry) {
  char fixed[2 + 3 * kVarintBytesMax];
  char* p = fixed;
  *p++ = type_byte(RecordType::kEntry);
  p = write_varint(p, entry.index.value);
  p = write_varint(p, entry.term.value);
  *p++ = static_cast<char>(entry.type);
  p = write_varint(p, data_tag(entry));
  out.append(fixed, static_cast<size_t>(p - fixed));
  if (entry.data) out.append(*entry.data);
}

void encode_hard_state(std::string& out, const HardStateRecord& state) {
  out.push_back(type_byte(RecordType::kHardState));
  put_hard_state(out, state);
}

void encode_generation(std::string& out, const GenerationRecord& record) {
  out.push_back(type_byte(RecordType::kGeneration));
  put_varint(out, record.generation);
  out.push_back(record.reset ? '\1' : '\0');
  if (record.reset) put_varint(out, record.reset->value);
}

void encode_opening(std::string& out, const Opening& opening) {
  put_u64le(out, opening.previous_end.value);
  put_varint(out, opening.last.value);
  put_varint(out, opening.generation);
  put_hard_state(out, opening.hard_state);
}

void encode_seal(std::string& out, uint64_t next_sequence) { put_varint(out, next_sequence); }

bool decode_opening(std::string_view payload, Opening& out) {
  return get_fixed64(payload, out.previous_end.value) && get_varint(payload, out.last.value) &&
         get_varint(payload, out.generation) && get_hard_state(payload, out.hard_state) &&
         payload.empty();
}

bool decode_seal(std::string_view payload, uint64_t& next_sequence) {
  return get_varint(payload, next_sequence) && payload.empty();
}

bool BatchReader::read_entry() {
  uint64_t tag = 0;
  if (!get_varint(rest_, entry.index.value) || !get_varint(rest_, entry.term.value) ||
      !get_byte(rest_, entry.type) || !get_varint(rest_, tag)) {
    return false;
  }
  entry.has_data = tag != 0;
  const uint64_t bytes = tag == 0 ? 0 : tag - 1;
  if (bytes > rest_.size()) return false;
  entry.data = rest_.substr(0, bytes);
  rest_.remove_prefix(bytes);
  return true;
}

BatchReader::Next BatchReader::next() {
  uint8_t type = 0;
  if (!get_byte(rest_, type)) return Next::kEnd;
  switch (static_cast<RecordType>(type)) {
    case RecordType::kEntry:
      return read_entry() ? Next::kEntry : Next::kMalformed;
    case RecordType::kHardState:
      return get_hard_state(rest_, hard_state) ? Next::kHardState : Next::kMalformed;
    case RecordType::kGeneration:
      return get_generation(rest_, generation) ? Next::kGeneration : Next::kMalformed;
  }
  return Next::kMalformed;
}

}  // namespace keelson::wal
