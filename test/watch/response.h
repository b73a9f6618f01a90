// A WatchResponse read back from its bytes, independently of the encoder.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/wire.h"
#include "mvcc/types.h"

namespace keelson::test {

struct SeenEvent {
  bool deleted = false;
  std::string key{};
  std::string value{};
  std::string prev_value{};
  bool has_prev = false;
  int64_t mod_revision = 0;
  bool operator==(const SeenEvent&) const = default;
};

struct Response {
  uint64_t cluster = 0, member = 0, term = 0;
  int64_t revision = 0;
  int64_t watch_id = 0;
  bool created = false, canceled = false, fragment = false;
  int64_t compact_revision = 0;
  std::string cancel_reason;
  std::vector<SeenEvent> events;
  size_t bytes = 0;

  bool is_progress() const { return !created && !canceled && events.empty(); }
};

inline SeenEvent read_event(std::string_view in) {
  SeenEvent out;
  mvcc::KeyValueView kv;
  wire::Reader reader(in);
  for (wire::Field f; reader.next(f);) {
    if (f.number == 1) out.deleted = f.number_value == 1;
    if (f.number == 2) {
      EXPECT_TRUE(mvcc::decode_key_value(f.bytes, kv));
    }
    if (f.number != 3) continue;
    mvcc::KeyValueView prev;
    EXPECT_TRUE(mvcc::decode_key_value(f.bytes, prev));
    out.has_prev = true;
    out.prev_value = prev.value;
  }
  EXPECT_TRUE(reader.ok());
  out.key = kv.key;
  out.value = kv.value;
  out.mod_revision = kv.mod_revision;
  return out;
}

inline void read_header(std::string_view in, Response& out) {
  wire::Reader reader(in);
  for (wire::Field f; reader.next(f);) {
    if (f.number == 1) out.cluster = f.number_value;
    if (f.number == 2) out.member = f.number_value;
    if (f.number == 3) out.revision = f.as_int64();
    if (f.number == 4) out.term = f.number_value;
  }
  EXPECT_TRUE(reader.ok());
}

inline Response read_response(std::string_view in) {
  Response out;
  out.bytes = in.size();
  wire::Reader reader(in);
  for (wire::Field f; reader.next(f);) {
    if (f.number == 1) read_header(f.bytes, out);
    if (f.number == 2) out.watch_id = f.as_int64();
    if (f.number == 3) out.created = f.as_bool();
    if (f.number == 4) out.canceled = f.as_bool();
    if (f.number == 5) out.compact_revision = f.as_int64();
    if (f.number == 6) out.cancel_reason = f.bytes;
    if (f.number == 7) out.fragment = f.as_bool();
    if (f.number == 11) out.events.push_back(read_event(f.bytes));
  }
  EXPECT_TRUE(reader.ok());
  return out;
}

}  // namespace keelson::test
