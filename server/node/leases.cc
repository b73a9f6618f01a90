// What clients ask about leases beside granting and revoking.
#include <algorithm>

#include "base/wire.h"
#include "node/core.h"

namespace keelson::node {

void Core::on_keep_alive(Request&& request, const LeaseKeepAlive& what) {
  if (!leads()) return forward_keep_alive(std::move(request), what.id);
  const auto renewed = lessor().renew(what.id);
  if (!renewed.ok() && renewed.status().code() != Code::kNotFound)
    return forward_keep_alive(std::move(request), what.id);  // leader, but not yet of the leases
  answer_keep_alive(request, what.id, renewed.ok() ? *renewed : 0);
}

void Core::answer_keep_alive(const Request& request, LeaseId id, int64_t ttl_s) {
  std::string body;
  apply::put_header(body, header(), store().current());
  wire::put_int(body, 2, id.value);
  wire::put_int(body, 3, ttl_s);
  answers_.ok(request, std::move(body));
}

// Another member asks: the lease may have been granted by an entry that is not applied here yet.
void Core::await_applied(Request&& request) {
  if (!leads())
    return answers_.fail(request, Status(Code::kFailedPrecondition, "not a primary lessor"));
  std::vector<Request> one;
  const Index committed = raft_.commit();
  one.push_back(std::move(request));
  ready_reads_.push_back({committed, std::move(one)});
}

void Core::answer_for_peer(Request&& request) {
  constexpr Duration kMost = std::chrono::seconds(1);
  if (!leads() || !lessor().primary())
    return answers_.fail(request, Status(Code::kFailedPrecondition, "not a primary lessor"));
  if (env_.clock.now() - request.started > kMost)
    return answers_.fail(request,
                         Status(Code::kDeadlineExceeded,
                                "waiting for node to catch up its applied index has timed out"));
  if (const auto* keep = std::get_if<LeaseKeepAlive>(&request.what)) {
    const auto renewed = lessor().renew(keep->id);
    answer_keep_alive(request, keep->id, renewed.ok() ? *renewed : 0);
  } else {
    answer_time_to_live(request, std::get<LeaseTimeToLive>(request.what));
  }
}

void Core::on_time_to_live(Request&& request, const LeaseTimeToLive& what) {
  if (!leads()) return forward_time_to_live(std::move(request), what);
  answer_time_to_live(request, what);
}

void Core::answer_time_to_live(const Request& request, const LeaseTimeToLive& what) {
  const lease::Lease* lease = lessor().find(what.id);
  // Time is over but the revoke is still on its way through the log: gone for the client already.
  if (lease != nullptr && lease->expiry <= env_.clock.now()) lease = nullptr;
  std::string body;
  apply::put_header(body, header(), store().current());
  wire::put_int(body, 2, what.id.value);
  wire::put_int(body, 3, lease != nullptr ? lessor().remaining_s(*lease) : -1);
  if (lease != nullptr) {
    wire::put_int(body, 4, lease->ttl_s);
    if (what.keys)
      for (const std::string& key : lease->keys) wire::put_message(body, 5, key);
  }
  answers_.ok(request, std::move(body));
}

void Core::on_leases(const Request& request) {
  std::string body;
  apply::put_header(body, header(), store().current());
  for (const lease::Lease* lease : lessor().list()) {
    std::string status;
    wire::put_int(status, 1, lease->id.value);
    wire::put_message(body, 2, status);
  }
  answers_.ok(request, std::move(body));
}

}  // namespace keelson::node
