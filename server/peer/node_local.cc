#include "peer/node_local.h"

#include <utility>

#include "base/wire.h"

namespace keelson::peer {
namespace {

constexpr std::string_view kNotDecided = "not_decided";
constexpr std::string_view kUnknown = "unknown";

// The texts that etcd's members look for.
Status promote_status(const Status& status) {
  if (status.code() == Code::kNotFound) return Status(Code::kNotFound, "membership: ID not found");
  if (status.text() == "etcdserver: can only promote a learner member")
    return Status(Code::kFailedPrecondition, "membership: can only promote a learner member");
  if (status.text().find("in sync with leader") != std::string::npos) return status;
  return Status(Code::kInternal, status.text());
}

HashKvAnswer read_hash(std::string_view body) {
  HashKvAnswer out;
  wire::Reader reader(body);
  for (wire::Field f; reader.next(f);) {
    if (f.number == 1 && f.type == wire::Type::kBytes) {
      wire::Reader header(f.bytes);
      for (wire::Field h; header.next(h);)
        if (h.number == 3) out.revision = h.as_int64();
    }
    if (f.number == 2) out.hash = static_cast<uint32_t>(f.number_value);
    if (f.number == 3) out.compact_revision = f.as_int64();
    if (f.number == 4) out.hash_revision = f.as_int64();
  }
  return out;
}

LeaseAnswer read_lease(std::string_view body) {
  LeaseAnswer out;
  wire::Reader reader(body);
  for (wire::Field f; reader.next(f);) {
    if (f.number == 2) out.id = LeaseId(f.as_int64());
    if (f.number == 3) out.ttl_seconds = f.as_int64();
    if (f.number == 4) out.granted_ttl_seconds = f.as_int64();
    if (f.number == 5) out.keys.emplace_back(f.bytes);
  }
  return out;
}

Status lease_not_found() { return Status(Code::kNotFound, "lease not found"); }

}  // namespace

std::string NodeLocal::cluster_version() const {
  std::string version = node_.facts().cluster_version;
  return version == kNotDecided ? std::string() : version;
}

std::string NodeLocal::storage_version() const {
  std::string version = node_.facts().storage_version;
  return version == kUnknown ? std::string() : version;
}

template <typename What>
void NodeLocal::ask(What what, Finish finish) {
  node::Request request;
  {
    MutexLock lock(mutex_);
    request.to = {this, ++last_call_};
    open_.emplace(last_call_, std::move(finish));
  }
  request.started = clock_.now();
  request.what = std::move(what);
  std::vector<node::Request> one;
  one.push_back(std::move(request));
  node_.submit(std::move(one));
}

void NodeLocal::deliver(std::vector<node::Answer>&& answers) {
  for (const node::Answer& answer : answers) {
    Finish finish;
    {
      MutexLock lock(mutex_);
      const auto found = open_.find(answer.call_id);
      if (found == open_.end()) continue;
      finish = std::move(found->second);
      open_.erase(found);
    }
    finish(answer);
  }
}

void NodeLocal::promote_member(MemberId member, const std::string&, Done<std::string> done) {
  ask(node::MemberPromote{member, true}, [this, done = std::move(done)](const node::Answer& a) {
    if (!a.status.ok()) return done(promote_status(a.status));
    done(node_.members_json());
  });
}

void NodeLocal::hash_kv(int64_t revision, Done<HashKvAnswer> done) {
  ask(node::HashKv{revision}, [done = std::move(done)](const node::Answer& a) {
    if (!a.status.ok()) {
      // Members expect the store's own words, without the server's prefix.
      constexpr std::string_view kPrefix = "etcdserver: ";
      const std::string& text = a.status.text();
      return done(
          Status(a.status.code(), text.starts_with(kPrefix) ? text.substr(kPrefix.size()) : text));
    }
    done(read_hash(a.body));
  });
}

void NodeLocal::lease_keep_alive(LeaseId id, Done<int64_t> done) {
  ask(node::LeaseKeepAlive{id, true}, [done = std::move(done)](const node::Answer& a) {
    if (!a.status.ok()) return done(a.status);
    const int64_t ttl_s = read_lease(a.body).ttl_seconds;
    ttl_s > 0 ? done(ttl_s) : done(lease_not_found());
  });
}

void NodeLocal::lease_time_to_live(LeaseId id, bool keys, Done<LeaseAnswer> done) {
  ask(node::LeaseTimeToLive{id, keys, true}, [done = std::move(done)](const node::Answer& a) {
    if (!a.status.ok()) return done(a.status);
    LeaseAnswer lease = read_lease(a.body);
    lease.ttl_seconds >= 0 ? done(std::move(lease)) : done(lease_not_found());
  });
}

void NodeLocal::downgrade_enabled(Done<bool> done) {
  ask(node::ReadBarrier{}, [this, done = std::move(done)](const node::Answer& a) {
    if (!a.status.ok()) return done(a.status);
    done(node_.facts().downgrade_enabled);
  });
}

}  // namespace keelson::peer
