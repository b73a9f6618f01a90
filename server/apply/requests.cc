#include "apply/requests.h"

#include "base/wire.h"

namespace keelson::apply {
namespace {

using wire::Field;
using wire::Reader;
using wire::Type;

// A known field of another wire type than its own is an unknown field to protobuf: skipped.
bool is(const Field& field, Type type) { return field.type == type; }

void set_range_number(const Field& f, RangeView& out) {
  switch (f.number) {
    case 3:
      out.limit = f.as_int64();
      break;
    case 4:
      out.revision = f.as_int64();
      break;
    case 5:
      out.sort_order = static_cast<int32_t>(f.number_value);
      break;
    case 6:
      out.sort_target = static_cast<int32_t>(f.number_value);
      break;
    case 7:
      out.serializable = f.as_bool();
      break;
    case 8:
      out.keys_only = f.as_bool();
      break;
    case 9:
      out.count_only = f.as_bool();
      break;
    case 10:
      out.min_mod_revision = f.as_int64();
      break;
    case 11:
      out.max_mod_revision = f.as_int64();
      break;
    case 12:
      out.min_create_revision = f.as_int64();
      break;
    case 13:
      out.max_create_revision = f.as_int64();
      break;
    default:
      break;
  }
}

void set_compare_number(const Field& f, CompareView& out) {
  switch (f.number) {
    case 1:
      out.result = static_cast<int32_t>(f.number_value);
      break;
    case 2:
      out.target = static_cast<int32_t>(f.number_value);
      break;
    case 4:
    case 5:
    case 6:
    case 8:
      out.given = f.number;
      out.number = f.as_int64();
      break;
    default:
      break;
  }
}

bool decode_compare(std::string_view in, CompareView& out) {
  Reader reader(in);
  for (Field f; reader.next(f);) {
    if (is(f, Type::kVarint)) set_compare_number(f, out);
    if (!is(f, Type::kBytes)) continue;
    if (f.number == 3) out.key = f.bytes;
    if (f.number == 64) out.end = f.bytes;
    if (f.number == 7) {
      out.given = 7;
      out.value = f.bytes;
    }
  }
  return reader.ok();
}

template <typename View>
bool decode_into(std::string_view in, OpView& out) {
  return decode(in, out.emplace<View>());
}

bool decode_op(std::string_view in, OpView& out, int depth_left) {
  Reader reader(in);
  for (Field f; reader.next(f);) {
    if (!is(f, Type::kBytes)) continue;
    bool good = true;
    if (f.number == 1) good = decode_into<RangeView>(f.bytes, out);
    if (f.number == 2) good = decode_into<PutView>(f.bytes, out);
    if (f.number == 3) good = decode_into<DeleteView>(f.bytes, out);
    if (f.number == 4) {
      auto txn = std::make_unique<TxnView>();
      good = decode(f.bytes, *txn, depth_left - 1);
      out = std::move(txn);
    }
    if (!good) return false;
  }
  return reader.ok();
}

}  // namespace

bool decode(std::string_view in, RangeView& out) {
  Reader reader(in);
  for (Field f; reader.next(f);) {
    if (is(f, Type::kVarint)) set_range_number(f, out);
    if (is(f, Type::kBytes) && f.number == 1) out.key = f.bytes;
    if (is(f, Type::kBytes) && f.number == 2) out.end = f.bytes;
  }
  return reader.ok();
}

bool decode(std::string_view in, PutView& out) {
  Reader reader(in);
  for (Field f; reader.next(f);) {
    if (is(f, Type::kBytes)) {
      if (f.number == 1) out.key = f.bytes;
      if (f.number == 2) out.value = f.bytes;
    } else if (is(f, Type::kVarint)) {
      if (f.number == 3) out.lease = f.as_int64();
      if (f.number == 4) out.prev_kv = f.as_bool();
      if (f.number == 5) out.ignore_value = f.as_bool();
      if (f.number == 6) out.ignore_lease = f.as_bool();
    }
  }
  return reader.ok();
}

bool decode(std::string_view in, DeleteView& out) {
  Reader reader(in);
  for (Field f; reader.next(f);) {
    if (is(f, Type::kBytes) && f.number == 1) out.key = f.bytes;
    if (is(f, Type::kBytes) && f.number == 2) out.end = f.bytes;
    if (is(f, Type::kVarint) && f.number == 3) out.prev_kv = f.as_bool();
  }
  return reader.ok();
}

bool decode(std::string_view in, TxnView& out, int depth_left) {
  if (depth_left <= 0) return false;
  Reader reader(in);
  for (Field f; reader.next(f);) {
    if (!is(f, Type::kBytes)) continue;
    bool good = true;
    if (f.number == 1) good = decode_compare(f.bytes, out.compares.emplace_back());
    if (f.number == 2) good = decode_op(f.bytes, out.success.emplace_back(), depth_left);
    if (f.number == 3) good = decode_op(f.bytes, out.failure.emplace_back(), depth_left);
    if (!good) return false;
  }
  return reader.ok();
}

bool decode(std::string_view in, EnvelopeView& out) {
  Reader reader(in);
  for (Field f; reader.next(f);) {
    if (f.number == field::kLegacyId && is(f, Type::kVarint)) out.id = f.number_value;
    if (!is(f, Type::kBytes)) continue;
    if (f.number != field::kHeader) {
      out.field = f.number;
      out.body = f.bytes;
      continue;
    }
    Reader header(f.bytes);
    for (Field h; header.next(h);)
      if (h.number == 1 && is(h, Type::kVarint) && out.id == 0) out.id = h.number_value;
    if (!header.ok()) return false;
  }
  return reader.ok();
}

}  // namespace keelson::apply
