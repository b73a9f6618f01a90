#include "node/bootstrap.h"

#include <algorithm>

#include "apply/applier.h"
#include "base/bytes.h"

namespace keelson::node {
namespace {

Status refuse(std::string text) { return Status(Code::kFailedPrecondition, std::move(text)); }

struct Paths {
  explicit Paths(const BootSettings& s)
      : root(s.data_dir),
        member(s.data_dir + "/member"),
        building(s.data_dir + "/member.tmp"),
        wal(s.wal_dir.empty() ? member + "/wal" : s.wal_dir),
        building_wal(s.wal_dir.empty() ? building + "/wal" : s.wal_dir) {}
  std::string root, member, building, wal, building_wal;
};

std::string parent_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

wal::Options wal_options(const BootSettings& s) {
  wal::Options options;
  options.segment_bytes = s.segment_bytes;
  options.unsafe_no_sync = s.unsafe_no_sync;
  options.salt = s.wal_salt;
  options.helper_thread = s.wal_helper_thread;
  return options;
}

mvcc::Options store_options(const BootSettings& s) {
  mvcc::Options options;
  options.cache_bytes = s.cache_bytes;
  options.unsafe_no_sync = s.unsafe_no_sync;
  options.clock = s.clock;
  options.pace = s.pace;
  return options;
}

struct Founders {
  std::vector<apply::Member> members;  // ascending by id
  ClusterId cluster;
  MemberId self;
};

Result<Founders> founders_of(const BootSettings& s) {
  Founders out;
  std::vector<MemberId> ids;
  for (const BootstrapMember& m : s.members) {
    apply::Member member;
    member.id = apply::member_id_of(m.peer_urls, s.cluster_token);
    member.name = m.name;
    member.peer_urls = m.peer_urls;
    std::sort(member.peer_urls.begin(), member.peer_urls.end());
    if (m.name == s.name) out.self = member.id;
    ids.push_back(member.id);
    out.members.push_back(std::move(member));
  }
  if (out.self.value == 0)
    return refuse(
        "couldn't find local name \"" + s.name +
        "\" in the initial cluster configuration; --name and --initial-cluster must agree");
  std::sort(out.members.begin(), out.members.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  out.cluster = apply::cluster_id_of(ids);
  return out;
}

// One ConfChange entry a founder, the same bytes on every founder (reference peer.md section 1.2).
std::vector<wal::EntryRecord> first_entries(const Founders& founders) {
  std::vector<wal::EntryRecord> out;
  for (const apply::Member& member : founders.members) {
    const std::string context = apply::member_to_json(member);
    apply::ConfEntry conf{.request_id = 0, .type = 0, .node = member.id, .context = context};
    out.push_back({Index(out.size() + 1), Term(1), 1,
                   std::make_shared<const std::string>(apply::encode(conf))});
  }
  return out;
}

struct FirstLog {
  wal::Identity identity;
  std::vector<PeerAddress> remotes;
  std::vector<wal::EntryRecord> entries;
  wal::HardStateRecord state;
};

// A founder writes the first entries itself; who joins has an empty log and learns everything from
// the leader (reference peer.md section 1.2).
Result<FirstLog> first_log(const BootSettings& s) {
  FirstLog out;
  if (s.join_existing) {
    auto running = s.find_cluster();
    if (!running.ok()) return running.status();
    out.identity = {running->cluster, running->self};
    out.remotes = std::move(running->others);
    return out;
  }
  auto founders = founders_of(s);
  if (!founders.ok()) return founders.status();
  out.identity = {founders->cluster, founders->self};
  out.entries = first_entries(*founders);
  out.state = {Term(1), MemberId(), out.entries.back().index};
  return out;
}

Status build_member(io::FileSystem& fs, const BootSettings& s, const Paths& paths, Log& log,
                    Registry& metrics, std::vector<PeerAddress>& remotes) {
  auto first = first_log(s);
  if (!first.ok()) return first.status();
  remotes = first->remotes;
  if (Status st = fs.remove_tree(paths.building); !st.ok()) return st;
  if (Status st = fs.make_dir(paths.building); !st.ok()) return st;
  const mvcc::Identity identity{first->identity.cluster, first->identity.member};
  const mvcc::Options options = store_options(s);
  auto store = mvcc::Store::create(fs, paths.building, identity, options, log, metrics);
  if (!store.ok()) return store.status();
  store->reset();
  auto log_file = wal::Wal::create(fs, paths.building_wal, first->identity, options.generation,
                                   wal_options(s), log);
  if (!log_file.ok()) return log_file.status();
  if (Status st = (*log_file)->append(first->entries, first->state); !st.ok()) return st;
  (*log_file)->sync();
  log_file->reset();
  if (Status st = fs.sync_dir(paths.building); !st.ok()) return st;
  if (Status st = fs.rename(paths.building, paths.member); !st.ok()) return st;
  return fs.sync_dir(paths.root);
}

// What stands there instead of a directory of ours, if anything.
Status check_directory(io::FileSystem& fs, const Paths& paths) {
  const auto etcd = fs.exists(paths.member + "/snap/db");
  if (!etcd.ok()) return refuse("cannot access data directory: " + etcd.status().text());
  if (*etcd)
    return refuse(
        "data directory " + paths.root +
        " was written by etcd (member/snap/db is there), which Keelson does not take over in "
        "place; "
        "take a snapshot with etcdctl snapshot save and give Keelson an empty --data-dir");
  return Status();
}

Result<uint64_t> highest_generation(io::FileSystem& fs, const std::string& member) {
  const auto names = fs.list(member);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names)
    if (name.starts_with("state-")) return uint64_t{1};
  return refuse(
      "data directory " + member +
      " holds no state-<n> directory: the store is missing; restore the directory from a copy, or "
      "remove it and let the member join again");
}

// A crash may leave half-built or replaced generations and images; the log names the one that
// counts.
void remove_leftovers(io::FileSystem& fs, const std::string& member, uint64_t generation,
                      Log& log) {
  const auto names = fs.list(member);
  if (!names.ok()) return;
  const std::string keep = "state-" + std::to_string(generation);
  for (const std::string& name : *names) {
    const bool old_state = name.starts_with("state-") && name != keep;
    if (!old_state && !name.starts_with("snapshot-")) continue;
    log.info("removing what an interrupted run left behind", {{"path", member + "/" + name}});
    if (Status s = fs.remove_tree(member + "/" + name); !s.ok())
      log.warn("cannot remove a leftover", {{"path", member + "/" + name}, {"error", s.text()}});
  }
}

Status open_member(io::FileSystem& fs, const BootSettings& s, const Paths& paths, Log& log,
                   Registry& metrics, Opened& out) {
  if (auto found = highest_generation(fs, paths.member); !found.ok()) return found.status();
  auto log_file = wal::Wal::open(fs, paths.wal, std::nullopt, wal_options(s), log, out.recovered);
  if (!log_file.ok()) return log_file.status();
  remove_leftovers(fs, paths.member, out.recovered.generation, log);
  mvcc::Options options = store_options(s);
  options.generation = out.recovered.generation;
  auto store = mvcc::Store::open(fs, paths.member, options, log, metrics, out.loaded);
  if (!store.ok()) return store.status();
  const wal::Identity& id = out.recovered.identity;
  if (out.loaded.identity.cluster != id.cluster || out.loaded.identity.member != id.member)
    return refuse("the log in " + paths.wal + " belongs to member " + hex(id.member.value) +
                  " of cluster " + hex(id.cluster.value) + ", the store in " + paths.member +
                  " to member " + hex(out.loaded.identity.member.value) + " of cluster " +
                  hex(out.loaded.identity.cluster.value) +
                  "; put back the halves that belong together");
  if (Status st = out.recovered.check_applied(out.loaded.applied); !st.ok()) return st;
  out.identity = id;
  out.wal = std::move(*log_file);
  out.store = std::move(*store);
  return Status();
}

}  // namespace

Result<std::vector<BootstrapMember>> parse_initial_cluster(std::string_view text) {
  std::vector<BootstrapMember> out;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const size_t equals = part.find('=');
    if (equals == 0 || equals == std::string_view::npos || equals + 1 == part.size())
      return Status(Code::kInvalidArgument,
                    "--initial-cluster: \"" + std::string(part) + "\" is not of the form name=url");
    const std::string name(part.substr(0, equals));
    auto known =
        std::find_if(out.begin(), out.end(), [&](const auto& m) { return m.name == name; });
    if (known == out.end()) known = out.insert(out.end(), {name, {}});
    known->peer_urls.emplace_back(part.substr(equals + 1));
  }
  return out;
}

Result<Booted> boot(io::FileSystem& fs, const BootSettings& s, Log& log, Registry& metrics) {
  const Paths paths(s);
  if (Status st = fs.make_dir(paths.root); !st.ok())
    return refuse("cannot access data directory: " + st.text());
  // Its own name must be durable, too, or a power loss takes everything below with it.
  if (Status st = fs.sync_dir(parent_of(paths.root)); !st.ok())
    return refuse("cannot access data directory: " + st.text());
  Booted out;
  auto lock = fs.lock(paths.root + "/LOCK");
  if (!lock.ok())
    return refuse("data directory " + paths.root + " is in use by another process (" +
                  lock.status().text() +
                  "); stop it first, or give this member its own --data-dir");
  out.lock = std::move(*lock);
  if (Status st = check_directory(fs, paths); !st.ok()) return st;
  const auto there = fs.exists(paths.member);
  if (!there.ok()) return refuse("cannot access data directory: " + there.status().text());
  if (!*there && s.join_existing && !s.find_cluster)
    return refuse("--initial-cluster-state=existing asks to join a running cluster, but " +
                  paths.root + " is empty and nobody can be asked about that cluster");
  if (!*there) {
    if (s.check_first_start)
      if (Status st = s.check_first_start(); !st.ok()) return st;
    if (Status st = build_member(fs, s, paths, log, metrics, out.opened.remotes); !st.ok())
      return st;
  }
  if (Status st = open_member(fs, s, paths, log, metrics, out.opened); !st.ok()) return st;
  return out;
}

}  // namespace keelson::node
