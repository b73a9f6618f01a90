#include "ctl/printers/rows.h"

#include "ctl/go_number.h"

namespace keelson::ctl {
namespace {

template <class Repeated>
std::string join_repeated(const Repeated& parts, const std::string& separator) {
  return join({parts.begin(), parts.end()}, separator);
}

std::string yes_no(bool value) { return value ? "true" : "false"; }

// A server that reports no size at all would divide by zero.
std::string free_percent(const pb::StatusResponse& status) {
  if (status.dbsize() <= 0) return "0%";
  return std::to_string(100 - status.dbsizeinuse() * 100 / status.dbsize()) + "%";
}

Row status_row(const EndpointStatus& entry) {
  const pb::StatusResponse& status = entry.status;
  auto size = [](int64_t bytes) { return humanize_bytes(static_cast<uint64_t>(bytes)); };
  return {entry.endpoint,
          hex(status.header().member_id()),
          status.version(),
          status.storageversion(),
          size(status.dbsize()),
          size(status.dbsizeinuse()),
          free_percent(status),
          size(status.dbsizequota()),
          yes_no(status.leader() == status.header().member_id()),
          yes_no(status.islearner()),
          std::to_string(status.raftterm()),
          std::to_string(status.raftindex()),
          std::to_string(status.raftappliedindex()),
          join_repeated(status.errors(), ", "),
          status.downgradeinfo().targetversion(),
          yes_no(status.downgradeinfo().enabled())};
}

}  // namespace

std::string join(const std::vector<std::string>& parts, const std::string& separator) {
  std::string out;
  for (size_t i = 0; i < parts.size(); i++) out += (i == 0 ? "" : separator) + parts[i];
  return out;
}

Rows member_rows(const pb::MemberListResponse& response) {
  Rows out = {{"ID", "Status", "Name", "Peer Addrs", "Client Addrs", "Is Learner"}, {}};
  for (const pb::Member& member : response.members()) {
    out.rows.push_back({hex(member.id()), member.name().empty() ? "unstarted" : "started",
                        member.name(), join_repeated(member.peerurls(), ","),
                        join_repeated(member.clienturls(), ","), yes_no(member.islearner())});
  }
  return out;
}

Rows health_rows(const std::vector<EndpointHealth>& list) {
  Rows out = {{"endpoint", "health", "took", "error"}, {}};
  for (const EndpointHealth& entry : list) {
    out.rows.push_back({entry.endpoint, yes_no(entry.healthy), entry.took, entry.error});
  }
  return out;
}

Rows status_rows(const std::vector<EndpointStatus>& list) {
  Rows out = {
      {"endpoint", "ID", "version", "storage version", "db size", "in use", "percentage not in use",
       "quota", "is leader", "is learner", "raft term", "raft index", "raft applied index",
       "errors", "downgrade target version", "downgrade enabled"},
      {}};
  for (const EndpointStatus& entry : list) out.rows.push_back(status_row(entry));
  return out;
}

Rows hash_rows(const std::vector<EndpointHash>& list) {
  Rows out = {{"endpoint", "hash", "hash_revision"}, {}};
  for (const EndpointHash& entry : list) {
    out.rows.push_back({entry.endpoint, std::to_string(entry.hash.hash()),
                        std::to_string(entry.hash.hash_revision())});
  }
  return out;
}

}  // namespace keelson::ctl
