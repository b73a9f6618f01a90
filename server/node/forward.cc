// Questions that only the leader can answer, asked over its peer URL in the name of a client
// (reference peer.md section 9): renewing a lease, its time to live, promoting a learner.
#include "base/wire.h"
#include "node/core.h"
#include "node/node_metrics.h"

namespace keelson::node {
namespace {

constexpr Duration kBudget = std::chrono::seconds(5);
constexpr std::string_view kProtobuf = "application/protobuf";

std::string trimmed(std::string_view text) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  return std::string(text);
}

}  // namespace

void Core::forward_keep_alive(Request&& request, LeaseId id) {
  auto forward = std::make_shared<Forward>();
  forward->path = "/leases";
  wire::put_int(forward->body, 1, id.value);
  forward->finish = [this, id](const Request& asked, const PeerReply& reply) {
    if (reply.status != 200 && reply.status != 404) return false;
    int64_t ttl_s = 0;  // not found
    wire::Reader reader(reply.status == 200 ? std::string_view(reply.body) : std::string_view());
    for (wire::Field f; reader.next(f);)
      if (f.number == 3) ttl_s = f.as_int64();
    answer_keep_alive(asked, id, ttl_s);
    return true;
  };
  start_forward(std::move(request), std::move(forward));
}

void Core::forward_time_to_live(Request&& request, const LeaseTimeToLive& what) {
  auto forward = std::make_shared<Forward>();
  forward->path = "/leases/internal";
  std::string inner;
  wire::put_int(inner, 1, what.id.value);
  wire::put_bool(inner, 2, what.keys);
  wire::put_message(forward->body, 1, inner);
  forward->finish = [this, id = what.id](const Request& asked, const PeerReply& reply) {
    if (reply.status != 200 && reply.status != 404) return false;
    std::string body;
    apply::put_header(body, header(), store().current());
    if (reply.status == 404) {
      wire::put_int(body, 2, id.value);
      wire::put_int(body, 3, -1);
    } else {
      append_time_to_live(reply.body, body);
    }
    answers_.ok(asked, std::move(body));
    return true;
  };
  start_forward(std::move(request), std::move(forward));
}

// The leader's answer without its header.
void Core::append_time_to_live(std::string_view reply, std::string& body) {
  wire::Reader outer(reply);
  for (wire::Field f; outer.next(f);) {
    if (f.number != 1 || f.type != wire::Type::kBytes) continue;
    wire::Reader inner(f.bytes);
    for (wire::Field g; inner.next(g);) {
      if (g.number == 1) continue;
      if (g.type == wire::Type::kBytes)
        wire::put_message(body, g.number, g.bytes);
      else
        wire::put_int(body, g.number, g.as_int64());
    }
  }
}

void Core::forward_promote(Request&& request, MemberId id) {
  auto forward = std::make_shared<Forward>();
  forward->path = "/members/promote/" + std::to_string(id.value);
  forward->finish = [this](const Request& asked, const PeerReply& reply) {
    if (reply.status == 200) {
      std::string body;
      apply::put_header(body, header(), Revision());
      for (const apply::Member& member : apply::members_from_json(reply.body))
        wire::put_message(body, 2, encode_member(member));
      answers_.ok(asked, std::move(body));
      return true;
    }
    const std::string text = trimmed(reply.body);
    if (reply.status == 404) {
      answers_.fail(asked, Status(Code::kNotFound, "etcdserver: member not found"));
    } else if (reply.status == 412) {
      const bool learner = text == "membership: can only promote a learner member";
      answers_.fail(asked,
                    Status(Code::kFailedPrecondition,
                           learner ? "etcdserver: can only promote a learner member" : text));
    } else {
      return false;
    }
    return true;
  };
  start_forward(std::move(request), std::move(forward));
}

void Core::start_forward(Request&& request, std::shared_ptr<Forward> forward) {
  if (request.started == TimePoint{}) request.started = env_.clock.now();
  forward->until = request.started + kBudget + 2 * settings_.election;
  forward->request = std::move(request);
  ask_leader(forward);
}

// Waits for the next tick when there is no leader, or this member has become it.
void Core::ask_leader(const std::shared_ptr<Forward>& forward) {
  const TimePoint now = env_.clock.now();
  if (raft_.leader().value == 0 || leads() || now >= forward->until) {
    forwards_.push_back(forward);
    return;
  }
  PeerRequest ask{.to = raft_.leader(),
                  .method = "POST",
                  .path = forward->path,
                  .content_type = std::string(kProtobuf),
                  .body = forward->body};
  ask.timeout = forward->until - now;
  env_.transport.request(std::move(ask), [this, forward](PeerReply reply) {
    post_done([this, forward, reply = std::move(reply)] {
      if (!forward->finish(forward->request, reply)) forwards_.push_back(forward);
    });
  });
}

void Core::retry_forwards(TimePoint now) {
  for (const std::shared_ptr<Forward>& forward : std::exchange(forwards_, {})) {
    if (now >= forward->until) {
      answers_.fail(forward->request,
                    raft_.leader().value == 0
                        ? Status(Code::kUnavailable, "etcdserver: no leader")
                        : Status(Code::kUnavailable, "etcdserver: request timed out"));
    } else if (leads()) {
      dispatch(std::move(forward->request));
    } else {
      ask_leader(forward);
    }
  }
}

}  // namespace keelson::node
