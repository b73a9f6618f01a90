// The pages of the peer port that are no raft messages: bytes in, an Answer out. Nothing here knows
// a socket.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "io/http1_stream.h"
#include "peer/context.h"
#include "peer/inbound.h"
#include "peer/local.h"

namespace keelson::peer {

// What to do with a request whose path is one of the pages; nullopt: no such page.
std::optional<Plan> plan_page(const io::Http1Head& head);
// The answer to a page whose body is complete, now or later, on any thread.
void serve_page(const io::Http1Head& head, std::string_view body, const Identity& identity,
                Local& local, std::function<void(Answer)> done);
// GET /raft/probing: `wall` in the form of Go's time.Time.
Answer probing_answer(std::chrono::nanoseconds wall);

// "/path" of "/path?query".
std::string_view path_of(const io::Http1Head& head);
Answer method_not_allowed(std::string_view allow);  // `allow` empty: no such header

// JSON `{"revision":4}`; 0 when the key is missing; nullopt: no such object.
std::optional<int64_t> parse_hash_request(std::string_view json);
std::string hash_json(const HashKvAnswer& answer);
// LeaseKeepAliveRequest / -Response and leasepb.LeaseInternalRequest / -Response.
std::optional<LeaseId> parse_keep_alive(std::string_view body);
std::string keep_alive_bytes(LeaseId id, int64_t ttl_seconds);
struct TimeToLiveRequest {
  LeaseId id;
  bool keys = false;
};
std::optional<TimeToLiveRequest> parse_time_to_live(std::string_view body);
std::string time_to_live_bytes(const LeaseAnswer& answer);

}  // namespace keelson::peer
