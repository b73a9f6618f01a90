// Requests as views into the client's bytes, decoded once and strictly. Bytes that pass here mean
// the same to every protobuf decoder there is (known fields only, ascending, each at most once, of
// the right wire type, nesting bounded), so they may go into the log as they came: a Go member
// panics on an entry that it cannot decode. What does not pass is not yet wrong: canonical.h parses
// it with the protobuf library and encodes it anew, or finds it malformed.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "apply/requests.h"
#include "base/wire.h"

namespace keelson::rpc {

// The fields of one message in ascending order. next() is false at the end or at the first thing
// that is not plain; plain() tells which.
class StrictReader {
 public:
  explicit StrictReader(std::string_view in) : at_(in.data()), end_(in.data() + in.size()) {}

  bool next(wire::Field& field);
  // The field is not one that the message has (or not of that type): ends the reading.
  bool refuse() { return plain_ = false; }
  bool plain() const { return plain_; }
  // Call for a field that may stand more than once.
  void allow_repeat() { last_number_--; }

 private:
  bool varint(uint64_t& value);
  bool value(wire::Field& field);

  const char* at_;
  const char* end_;
  uint32_t last_number_ = 0;
  bool plain_ = true;
};

// Each is true when the bytes are plain; else `out` is unspecified.
bool decode_strict(std::string_view in, apply::RangeView& out);
bool decode_strict(std::string_view in, apply::PutView& out);
bool decode_strict(std::string_view in, apply::DeleteView& out);
// Messages of numbers only: out[i] is field i + 1.
bool decode_numbers(std::string_view in, std::span<int64_t> out);

// A TxnRequest, nested ones included, as two flat lists that a loop uses again and again.
struct TxnTree {
  enum class Kind : uint8_t { kUnset, kRange, kPut, kDelete, kTxn };
  struct Op {
    Kind kind = Kind::kUnset;
    bool ignore_value = false;
    bool ignore_lease = false;
    bool serializable = false;
    int32_t sort_order = 0;
    int32_t sort_target = 0;
    uint32_t level = 0;  // kTxn: its place in `levels`
    std::string_view key;
    std::string_view end;
    size_t value_size = 0;
    int64_t lease = 0;
  };
  // The operations of one TxnRequest are ops[first, failure) and ops[failure, last).
  struct Level {
    std::string_view body;
    int depth = 0;
    uint32_t compares = 0;
    bool empty_compare_key = false;
    uint32_t first = 0;
    uint32_t failure = 0;
    uint32_t last = 0;
  };
  std::vector<Op> ops;
  std::vector<Level> levels;  // [0] is the request itself

  std::span<const Op> success(const Level& level) const {
    return {ops.data() + level.first, ops.data() + level.failure};
  }
  std::span<const Op> failure(const Level& level) const {
    return {ops.data() + level.failure, ops.data() + level.last};
  }
};
bool decode_strict(std::string_view in, TxnTree& out);

}  // namespace keelson::rpc
