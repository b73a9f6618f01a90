#include "rpc/strict.h"

#include "base/limits.h"

namespace keelson::rpc {

using wire::Field;
using wire::Type;

bool StrictReader::varint(uint64_t& v) {
  v = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (at_ == end_) return false;
    const auto byte = static_cast<uint8_t>(*at_++);
    // The tenth byte has room for one bit; Go refuses more, others drop them.
    if (shift == 63 && byte > 1) return false;
    v |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool StrictReader::value(Field& field) {
  if (field.type == Type::kVarint) return varint(field.number_value);
  if (field.type != Type::kBytes) return false;
  uint64_t size = 0;
  if (!varint(size) || size > static_cast<uint64_t>(end_ - at_)) return false;
  field.bytes = {at_, static_cast<size_t>(size)};
  at_ += size;
  return true;
}

bool StrictReader::next(Field& field) {
  if (at_ == end_ || !plain_) return false;
  uint64_t tag = 0;
  if (!varint(tag) || (tag >> 3) > UINT32_MAX) return refuse();
  field.number = static_cast<uint32_t>(tag >> 3);
  field.type = static_cast<Type>(tag & 7);
  if (field.number <= last_number_ || !value(field)) return refuse();
  last_number_ = field.number;
  return true;
}

namespace {

bool set_range_number(const Field& f, apply::RangeView& out) {
  switch (f.number) {
    case 3:
      out.limit = f.as_int64();
      return true;
    case 4:
      out.revision = f.as_int64();
      return true;
    case 5:
      out.sort_order = static_cast<int32_t>(f.number_value);
      return true;
    case 6:
      out.sort_target = static_cast<int32_t>(f.number_value);
      return true;
    case 7:
      out.serializable = f.as_bool();
      return true;
    case 8:
      out.keys_only = f.as_bool();
      return true;
    case 9:
      out.count_only = f.as_bool();
      return true;
    case 10:
      out.min_mod_revision = f.as_int64();
      return true;
    case 11:
      out.max_mod_revision = f.as_int64();
      return true;
    case 12:
      out.min_create_revision = f.as_int64();
      return true;
    case 13:
      out.max_create_revision = f.as_int64();
      return true;
    default:
      return false;
  }
}

bool set_put_number(const Field& f, apply::PutView& out) {
  switch (f.number) {
    case 3:
      out.lease = f.as_int64();
      return true;
    case 4:
      out.prev_kv = f.as_bool();
      return true;
    case 5:
      out.ignore_value = f.as_bool();
      return true;
    case 6:
      out.ignore_lease = f.as_bool();
      return true;
    default:
      return false;
  }
}

// Fields 1 and 2 of the requests on keys are bytes, all others numbers.
template <typename View, typename SetNumber>
bool decode_keyed(std::string_view in, View& out, std::string_view& second, SetNumber set_number) {
  StrictReader reader(in);
  for (Field f; reader.next(f);) {
    if (f.type == Type::kBytes && f.number == 1)
      out.key = f.bytes;
    else if (f.type == Type::kBytes && f.number == 2)
      second = f.bytes;
    else if (f.type != Type::kVarint || !set_number(f, out))
      return false;
  }
  return reader.plain();
}

// At most one member of the union, as encoders write it: two would merge or replace, depending on
// who reads.
bool check_compare(std::string_view in, TxnTree::Level& level) {
  StrictReader reader(in);
  bool has_key = false;
  int union_members = 0;
  for (Field f; reader.next(f);) {
    const bool wants_bytes = f.number == 3 || f.number == 7 || f.number == 64;
    if ((f.number > 8 && f.number != 64) || (f.type == Type::kBytes) != wants_bytes) return false;
    if (f.number == 3) has_key = !f.bytes.empty();
    if (f.number >= 4 && f.number <= 8 && ++union_members > 1) return false;
  }
  level.compares++;
  if (!has_key) level.empty_compare_key = true;
  return reader.plain();
}

bool decode_range_op(std::string_view in, TxnTree::Op& op) {
  apply::RangeView range;
  if (!decode_strict(in, range)) return false;
  op.key = range.key;
  op.end = range.end;
  op.sort_order = range.sort_order;
  op.sort_target = range.sort_target;
  op.serializable = range.serializable;
  return true;
}

bool decode_put_op(std::string_view in, TxnTree::Op& op) {
  apply::PutView put;
  if (!decode_strict(in, put)) return false;
  op.key = put.key;
  op.value_size = put.value.size();
  op.lease = put.lease;
  op.ignore_value = put.ignore_value;
  op.ignore_lease = put.ignore_lease;
  return true;
}

bool decode_delete_op(std::string_view in, TxnTree::Op& op) {
  apply::DeleteView del;
  if (!decode_strict(in, del)) return false;
  op.key = del.key;
  op.end = del.end;
  return true;
}

bool decode_op_body(const Field& f, int depth, TxnTree& out, TxnTree::Op& op) {
  op.kind = static_cast<TxnTree::Kind>(f.number);
  switch (op.kind) {
    case TxnTree::Kind::kRange:
      return decode_range_op(f.bytes, op);
    case TxnTree::Kind::kPut:
      return decode_put_op(f.bytes, op);
    case TxnTree::Kind::kDelete:
      return decode_delete_op(f.bytes, op);
    case TxnTree::Kind::kTxn:
      break;
    default:
      return false;
  }
  op.level = static_cast<uint32_t>(out.levels.size());
  out.levels.push_back({.body = f.bytes, .depth = depth + 1});
  return depth + 1 <= limits::kTxnDepthMax;
}

bool decode_op(std::string_view in, int depth, TxnTree& out) {
  TxnTree::Op op;
  StrictReader reader(in);
  for (Field f; reader.next(f);) {
    if (op.kind != TxnTree::Kind::kUnset || f.type != Type::kBytes) return false;
    if (!decode_op_body(f, depth, out, op)) return false;
  }
  out.ops.push_back(op);
  return reader.plain();
}

bool decode_level(TxnTree& out, size_t index) {
  TxnTree::Level level = out.levels[index];
  level.first = level.failure = static_cast<uint32_t>(out.ops.size());
  StrictReader reader(level.body);
  for (Field f; reader.next(f); reader.allow_repeat()) {
    if (f.type != Type::kBytes || f.number > 3) return false;
    const bool good =
        f.number == 1 ? check_compare(f.bytes, level) : decode_op(f.bytes, level.depth, out);
    if (!good) return false;
    if (f.number == 2) level.failure = static_cast<uint32_t>(out.ops.size());
  }
  level.last = static_cast<uint32_t>(out.ops.size());
  out.levels[index] = level;
  return reader.plain();
}

}  // namespace

bool decode_strict(std::string_view in, apply::RangeView& out) {
  return decode_keyed(in, out, out.end, set_range_number);
}

bool decode_strict(std::string_view in, apply::PutView& out) {
  return decode_keyed(in, out, out.value, set_put_number);
}

bool decode_strict(std::string_view in, apply::DeleteView& out) {
  return decode_keyed(in, out, out.end, [](const Field& f, apply::DeleteView& view) {
    view.prev_kv = f.as_bool();
    return f.number == 3;
  });
}

bool decode_numbers(std::string_view in, std::span<int64_t> out) {
  StrictReader reader(in);
  for (Field f; reader.next(f);) {
    if (f.type != Type::kVarint || f.number > out.size()) return false;
    out[f.number - 1] = f.as_int64();
  }
  return reader.plain();
}

// Levels are taken from a list, not by recursion: the operations of a level stand together.
bool decode_strict(std::string_view in, TxnTree& out) {
  out.ops.clear();
  out.levels.clear();
  out.levels.push_back({.body = in, .depth = 1});
  for (size_t i = 0; i < out.levels.size(); i++)
    if (!decode_level(out, i)) return false;
  return true;
}

}  // namespace keelson::rpc
