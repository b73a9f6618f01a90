// Watch responses as bytes. A response is a head (response header, watch id, flags) and a tail (its
// events); events stand last in the message, so a head made for one watcher and a tail shared by
// many are one message when they are put together.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "mvcc/types.h"

namespace keelson::watch {

// Who answers; the same for all responses of a turn.
struct Ids {
  ClusterId cluster;
  MemberId member;
  Term term;
};

inline constexpr int64_t kNoWatchId = -1;

// Field 1 of a response.
std::string encode_header(const Ids& ids, Revision revision);

struct Flags {
  bool created = false;
  bool canceled = false;
  bool fragment = false;
  Revision compact_revision{0};
  std::string_view cancel_reason{};
};
// Header, watch id and flags: a whole response without events, or the head of one with events.
std::string encode_head(std::string_view header, int64_t watch_id, const Flags& flags = {});

// Appends events as field 11, each with its previous value when `prev` asks for it and there is
// one.
void append_event(std::string& out, const mvcc::Event& event, bool prev);
size_t encoded_event_size(const mvcc::Event& event, bool prev);

}  // namespace keelson::watch
