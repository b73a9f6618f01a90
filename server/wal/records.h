// What is inside a frame: the records of one append, a segment's opening, a seal. Encoders append
// to a string that the caller reuses; decoders hand out views into their input and check every
// length first.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wal/format.h"

namespace keelson::wal {

// First in every segment: older segments may go, this says what they said.
struct Opening {
  Position previous_end;    // where the log stopped in the segment before; 0 for the first of a log
  Index last;               // index of the last entry so far
  uint64_t generation = 0;  // of the store
  HardStateRecord hard_state;
  bool operator==(const Opening&) const = default;
};

struct GenerationRecord {
  uint64_t generation = 0;
  std::optional<Index> reset;
};

struct EntryView {
  Index index;
  Term term;
  uint8_t type = 0;
  bool has_data = false;
  std::string_view data;
};

uint64_t encoded_bytes(const std::vector<EntryRecord>& entries,
                       const std::optional<HardStateRecord>& state);
void encode_entry(std::string& out, const EntryRecord& entry);
void encode_hard_state(std::string& out, const HardStateRecord& state);
void encode_generation(std::string& out, const GenerationRecord& record);
void encode_opening(std::string& out, const Opening& opening);
void encode_seal(std::string& out, uint64_t next_sequence);

bool decode_opening(std::string_view payload, Opening& out);
bool decode_seal(std::string_view payload, uint64_t& next_sequence);

// Walks the records of a batch. The views live as long as the payload.
class BatchReader {
 public:
  explicit BatchReader(std::string_view payload) : rest_(payload) {}

  enum class Next : uint8_t { kEntry, kHardState, kGeneration, kEnd, kMalformed };
  Next next();

  EntryView entry;              // after kEntry
  HardStateRecord hard_state;   // after kHardState
  GenerationRecord generation;  // after kGeneration

 private:
  bool read_entry();

  std::string_view rest_;
};

}  // namespace keelson::wal
