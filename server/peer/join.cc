#include "peer/join.h"

#include <algorithm>
#include <charconv>

#include "apply/membership.h"
#include "base/bytes.h"
#include "base/version.h"
#include "node/versions.h"

namespace keelson::peer {
namespace {

constexpr Duration kAskRunning = std::chrono::seconds(10);
constexpr Duration kAskStarted = std::chrono::seconds(1);
constexpr Duration kAskVersion = std::chrono::seconds(7);

Status refuse(std::string text) { return Status(Code::kFailedPrecondition, std::move(text)); }

std::vector<std::string> sorted(std::vector<std::string> urls) {
  std::sort(urls.begin(), urls.end());
  return urls;
}

// The peer URLs of everybody else in the flags.
std::vector<std::string> other_urls(const Starter& starter) {
  std::vector<std::string> out;
  for (const node::BootstrapMember& member : starter.members)
    if (member.name != starter.name)
      out.insert(out.end(), member.peer_urls.begin(), member.peer_urls.end());
  return sorted(std::move(out));
}

const node::BootstrapMember* find_self(const Starter& starter) {
  const auto self = std::find_if(starter.members.begin(), starter.members.end(),
                                 [&](const auto& m) { return m.name == starter.name; });
  return self == starter.members.end() ? nullptr : &*self;
}

std::optional<ClusterId> parse_id(const std::string& text) {
  uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
  if (error != std::errc() || end != text.data() + text.size() || id == 0) return std::nullopt;
  return ClusterId(id);
}

std::string list(const std::vector<std::string>& urls) {
  std::string out;
  for (const std::string& url : urls) out += (out.empty() ? "" : ",") + url;
  return out;
}

Status compare(const Starter& starter, const std::vector<apply::Member>& members) {
  if (members.size() != starter.members.size())
    return refuse(
        "error validating peerURLs: member count is unequal: the "
        "running cluster has " +
        std::to_string(members.size()) + ", --initial-cluster names " +
        std::to_string(starter.members.size()));
  for (const apply::Member& member : members) {
    const auto same = [&](const node::BootstrapMember& m) {
      return sorted(m.peer_urls) == sorted(member.peer_urls);
    };
    if (std::none_of(starter.members.begin(), starter.members.end(), same))
      return refuse(
          "error validating peerURLs: unmatched member while "
          "checking PeerURLs: " +
          list(member.peer_urls) +
          " is in the running cluster, not in "
          "--initial-cluster");
  }
  return Status();
}

}  // namespace

Result<node::RunningCluster> find_running_cluster(const Starter& starter, const Fetch& fetch) {
  const node::BootstrapMember* self = find_self(starter);
  if (self == nullptr)
    return refuse("couldn't find local name \"" + starter.name +
                  "\" in the initial cluster configuration");
  for (const std::string& url : other_urls(starter)) {
    const Fetched found = fetch(url, "/members", kAskRunning);
    const auto cluster = parse_id(found.cluster_id);
    if (found.status != 200 || !cluster) continue;
    const std::vector<apply::Member> members = apply::members_from_json(found.body);
    if (Status s = compare(starter, members); !s.ok()) return s;
    node::RunningCluster out{*cluster, {}, {}};
    for (const apply::Member& member : members) {
      if (sorted(member.peer_urls) == sorted(self->peer_urls))
        out.self = member.id;
      else
        out.others.push_back({member.id, member.peer_urls});
    }
    if (out.self == MemberId())
      return refuse(
          "error validating peerURLs: this member is not in the "
          "running cluster; add it "
          "with etcdctl member add first");
    return out;
  }
  return refuse(
      "cannot fetch cluster info from peer urls: could not retrieve "
      "cluster information from the "
      "given URLs (" +
      list(other_urls(starter)) + ")");
}

Status check_not_started(const Starter& starter, const Fetch& fetch) {
  const node::BootstrapMember* self = find_self(starter);
  if (self == nullptr) return Status();
  const MemberId id = apply::member_id_of(self->peer_urls, starter.cluster_token);
  for (const std::string& url : other_urls(starter)) {
    const Fetched found = fetch(url, "/members", kAskStarted);
    if (found.status != 200) continue;
    for (const apply::Member& member : apply::members_from_json(found.body))
      if (member.id == id && !member.client_urls.empty())
        return refuse("member " + hex(id.value) +
                      " has already been bootstrapped: the cluster at " + url +
                      " knows it; if its data is lost, remove the member and "
                      "add it again with "
                      "--initial-cluster-state=existing");
    return Status();
  }
  return Status();
}

Status check_versions(const node::RunningCluster& cluster, const Fetch& fetch) {
  const auto own = node::parse_version(kEtcdVersion);
  bool answered = false;
  for (const node::PeerAddress& other : cluster.others) {
    for (const std::string& url : other.urls) {
      const Fetched found = fetch(url, "/version", kAskVersion);
      if (found.status != 200) continue;
      const auto theirs = node::cluster_version_in(found.body);
      if (!theirs || *theirs < node::Version{3, 0} || *own < *theirs)
        return refuse("incompatible with current running cluster: member " + hex(other.id.value) +
                      " at " + url + " says " + found.body);
      answered = true;
      break;
    }
  }
  return answered ? Status()
                  : refuse(
                        "incompatible with current running cluster: no member "
                        "answered the question for its version");
}

}  // namespace keelson::peer
