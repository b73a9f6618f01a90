// Membership changes as clients ask for them: etcd's checks before the proposal, the answer when
// the change was applied here. Semantics: etcd's server.go (AddMember, RemoveMember,
// PromoteMember).
#include <rpc.pb.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/wire.h"
#include "node/core.h"
#include "node/node_metrics.h"

namespace keelson::node {
namespace {

constexpr Duration kHealthInterval = std::chrono::seconds(5);
enum Change : uint8_t { kAdd = 0, kRemove = 1, kUpdate = 2, kAddLearner = 3 };

Status not_enough_started() {
  return Status(Code::kUnknown,
                "etcdserver: re-configuration failed due to not enough started members");
}
Status unhealthy() { return Status(Code::kUnavailable, "etcdserver: unhealthy cluster"); }
Status learner_not_ready() {
  return Status(Code::kFailedPrecondition,
                "etcdserver: can only promote a learner member which is in sync with leader");
}

struct Count {
  size_t voters = 0;
  size_t started = 0;
  size_t quorum() const { return voters / 2 + 1; }
};

Count count_voters(const apply::Membership& membership, MemberId except) {
  Count out;
  for (const auto& [id, member] : membership.members()) {
    if (member.learner || id == except) continue;
    ++out.voters;
    if (!member.name.empty()) ++out.started;
  }
  return out;
}

}  // namespace

size_t Core::connected_voters(TimePoint since) const {
  size_t out = 0;
  for (const auto& [id, member] : membership().members()) {
    if (member.learner) continue;
    if (id == raft_.id() || env_.transport.active_since(id) <= since) ++out;
  }
  return out;
}

// A new voter must not cost the quorum before it has started.
Status Core::may_add(const apply::Member& member) const {
  if (!settings_.strict_reconfig_check) return Status();
  Count count = count_voters(membership(), MemberId());
  if (!member.learner) {
    ++count.voters;
    const bool first_growth = count.started == 1 && count.voters == 2;
    if (!first_growth && count.started < count.quorum()) return not_enough_started();
  }
  const size_t voters = count_voters(membership(), MemberId()).voters;
  return connected_voters(env_.clock.now() - kHealthInterval) < voters ? unhealthy() : Status();
}

Status Core::may_remove(MemberId id) const {
  const apply::Member* member = membership().find(id);
  if (!settings_.strict_reconfig_check || (member != nullptr && member->learner)) return Status();
  const Count count = count_voters(membership(), id);
  if (count.voters == 0 || count.started < count.quorum()) return not_enough_started();
  const TimePoint now = env_.clock.now();
  // One that is down is not part of the quorum that serves.
  if (id != raft_.id() && env_.transport.active_since(id) > now) return Status();
  const size_t voters = count_voters(membership(), MemberId()).voters;
  const size_t active = connected_voters(now - kHealthInterval);
  return active - 1 < 1 + (voters - 1) / 2 ? unhealthy() : Status();
}

Status Core::may_promote(MemberId id) const {
  bool found = id == raft_.id();  // of whom progress() does not tell: the leader's log is here
  Index match = found ? raft_.last_index() : Index();
  for (const raft::Raft::PeerProgress& peer : raft_.progress())
    if (peer.id == id) {
      match = peer.match;
      found = true;
    }
  const double wanted = 0.9 * static_cast<double>(raft_.last_index().value);
  if (!found) return Status(Code::kNotFound, "etcdserver: member not found");
  if (static_cast<double>(match.value) < wanted) return learner_not_ready();
  if (!settings_.strict_reconfig_check) return Status();
  Count count = count_voters(membership(), MemberId());
  // Whom this would promote counts as started, whoever it is: apply refuses who is no learner.
  ++count.voters;
  ++count.started;
  return count.started < count.quorum() ? not_enough_started() : Status();
}

void Core::on_member_add(Request&& request, const MemberAdd& what) {
  const auto unix_s = std::chrono::duration_cast<std::chrono::seconds>(env_.clock.wall()).count();
  apply::Member member;
  member.id = apply::member_id_of(what.peer_urls, std::to_string(unix_s));
  member.peer_urls = what.peer_urls;
  std::sort(member.peer_urls.begin(), member.peer_urls.end());
  member.learner = what.learner;
  if (Status s = may_add(member); !s.ok()) return answers_.fail(request, std::move(s));
  propose_conf(std::move(request), what.learner ? kAddLearner : kAdd, member.id,
               apply::member_to_json(member));
}

void Core::on_member_remove(Request&& request, const MemberRemove& what) {
  if (Status s = may_remove(what.id); !s.ok()) return answers_.fail(request, std::move(s));
  propose_conf(std::move(request), kRemove, what.id, {});
}

void Core::on_member_update(Request&& request, const MemberUpdate& what) {
  apply::Member member;
  member.id = what.id;
  member.peer_urls = what.peer_urls;  // in the client's order, as etcd keeps them
  propose_conf(std::move(request), kUpdate, what.id, apply::member_to_json(member));
}

// Only the leader knows how far a learner is: others send the question to it.
void Core::on_member_promote(Request&& request, const MemberPromote& what) {
  if (!leads() && what.from_peer)
    return answers_.fail(request, Status(Code::kFailedPrecondition, "etcdserver: not leader"));
  if (!leads()) return forward_promote(std::move(request), what.id);
  if (Status s = may_promote(what.id); !s.ok()) return answers_.fail(request, std::move(s));
  const std::string context =
      "{\"id\":" + std::to_string(what.id.value) + ",\"peerURLs\":null,\"isPromote\":true}";
  propose_conf(std::move(request), kAdd, what.id, context);
}

void Core::propose_conf(Request&& request, uint8_t type, MemberId node, std::string context) {
  Waiting waiting;
  waiting.request = std::move(request);
  if (waiting.request.started == TimePoint{}) waiting.request.started = env_.clock.now();
  const uint64_t id = pending_.add(std::move(waiting));
  const apply::ConfEntry conf{.request_id = id, .type = type, .node = node, .context = context};
  conf_proposals_.emplace_back(id, std::make_shared<const std::string>(apply::encode(conf)));
}

void Core::apply_conf(const raft::Entry& entry) {
  const apply::AppliedConf done = applier().execute_conf(entry.index, entry.term, entry.bytes());
  apply::ConfEntry conf;
  CHECK(apply::decode(entry.bytes(), conf));
  raft_.apply_conf_change({static_cast<raft::ConfChangeType>(conf.type), done.node});
  if (done.node.value != 0) {
    peers_stale_ = true;
    say_conf(conf);
    if (conf.type == kRemove && conf.node == raft_.id())
      leave("the membership change that removes it was applied");
  }
  auto waiting = pending_.take(done.request_id);
  if (!waiting) return;
  if (!done.status.ok()) return answers_.fail(waiting->request, done.status);
  answer_conf(waiting->request, conf);
}

void Core::say_conf(const apply::ConfEntry& conf) {
  static constexpr const char* kTexts[] = {"added member", "removed member", "updated member",
                                           "added learner"};
  env_.log.info(kTexts[conf.type & 3], {{"cluster-id", hex(opened_.identity.cluster.value)},
                                        {"local-member-id", hex(raft_.id().value)},
                                        {"member-id", hex(conf.node.value)}});
}

// Header, the member that was added (only then), all members.
void Core::answer_conf(const Request& request, const apply::ConfEntry& conf) {
  std::string body;
  apply::put_header(body, header(), Revision());
  uint32_t number = 2;
  const auto change = conf.type == kRemove ? std::nullopt : apply::member_from_json(conf.context);
  if ((conf.type == kAdd || conf.type == kAddLearner) && change && !change->promote) {
    wire::put_message(body, 2, encode_member(change->member));
    number = 3;
  }
  for (const auto& [id, member] : membership().members())
    wire::put_message(body, number, encode_member(member));
  answers_.ok(request, std::move(body));
}

std::string Core::encode_member(const apply::Member& member) {
  etcdserverpb::Member out;
  out.set_id(member.id.value);
  out.set_name(member.name);
  for (const std::string& url : member.peer_urls) out.add_peerurls(url);
  for (const std::string& url : member.client_urls) out.add_clienturls(url);
  out.set_islearner(member.learner);
  return out.SerializeAsString();
}

}  // namespace keelson::node
