// The cluster's version: the leader asks every member for its own and raises the common one
// (reference peer.md section 8). A lone member decides for itself.
#include <algorithm>
#include <charconv>
#include <optional>

#include "base/wire.h"
#include "node/core.h"

namespace keelson::node {
namespace {

constexpr Duration kPollInterval = std::chrono::seconds(4);
constexpr Duration kPollTimeout = std::chrono::seconds(7);
constexpr std::string_view kOldest = "3.0.0";

// The text value of `"key":"..."` in a flat JSON object.
std::optional<std::string> text_of(std::string_view json, std::string_view key) {
  const std::string quoted = "\"" + std::string(key) + "\":\"";
  const size_t at = json.find(quoted);
  if (at == std::string_view::npos) return std::nullopt;
  const size_t begin = at + quoted.size();
  const size_t end = json.find('"', begin);
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(json.substr(begin, end - begin));
}

}  // namespace

std::optional<Version> parse_version(std::string_view text) {
  int parts[3] = {0, 0, 0};
  int count = 0;
  const char* p = text.data();
  const char* const end = p + text.size();
  while (count < 3) {
    const auto [next, error] = std::from_chars(p, end, parts[count]);
    if (error != std::errc() || next == p) return std::nullopt;
    ++count;
    p = next;
    if (p == end || *p == '-' || *p == '+') break;
    if (*p++ != '.') return std::nullopt;
  }
  if (count < 2) return std::nullopt;
  return Version{parts[0], parts[1]};
}

std::optional<Version> server_version_in(std::string_view json) {
  const auto text = text_of(json, "etcdserver");
  return text ? parse_version(*text) : std::nullopt;
}

std::optional<Version> cluster_version_in(std::string_view json) {
  const auto text = text_of(json, "etcdcluster");
  return text ? parse_version(*text) : std::nullopt;
}

std::string Version::text() const {
  return std::to_string(major) + "." + std::to_string(minor) + ".0";
}

void Core::decide_cluster_version() {
  if (!leads() || !leader_entry_applied_ || version_proposed_) return;
  if (raft_.in_lone_group() && membership().members().size() == 1) {
    if (membership().cluster_version().empty()) propose_version(settings_.cluster_version);
    return;
  }
  const TimePoint now = env_.clock.now();
  if (now < next_version_poll_ || version_poll_) return;
  next_version_poll_ = now + kPollInterval;
  auto poll = std::make_shared<VersionPoll>();
  poll->term = raft_.term();
  poll->lowest = parse_version(settings_.version);
  version_poll_ = poll;
  for (const auto& [id, member] : membership().members()) {
    if (id == raft_.id()) continue;
    ++poll->open;
    PeerRequest ask{.to = id, .method = "GET", .path = "/version", .content_type = {}, .body = {}};
    ask.timeout = kPollTimeout;
    env_.transport.request(std::move(ask), [this, poll](PeerReply reply) {
      post_done([this, poll, reply = std::move(reply)] { version_answered(*poll, reply); });
    });
  }
}

void Core::version_answered(VersionPoll& poll, const PeerReply& reply) {
  const auto version = reply.status == 200 ? server_version_in(reply.body) : std::nullopt;
  if (!version) {
    poll.silent = true;
  } else if (poll.lowest && *version < *poll.lowest) {
    poll.lowest = version;
  }
  if (--poll.open > 0) return;
  version_poll_.reset();
  if (!leads() || raft_.term() != poll.term || version_proposed_) return;
  const auto current = parse_version(membership().cluster_version());
  if (!current) return propose_version(poll.silent ? std::string(kOldest) : poll.lowest->text());
  if (!poll.silent && *current < *poll.lowest) propose_version(poll.lowest->text());
}

void Core::propose_version(const std::string& version) {
  version_proposed_ = true;
  env_.log.info(membership().cluster_version().empty()
                    ? "setting up initial cluster version using v3 API"
                    : "updating cluster version using v3 API",
                {{"cluster-version", version.substr(0, version.rfind('.'))}});
  std::string body;
  wire::put_bytes(body, 1, version);
  propose_own(apply::field::kClusterVersionSet, body);
}

}  // namespace keelson::node
