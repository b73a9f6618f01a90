// What a member asks the others before its first start: who is there already
// (reference peer.md sections 1.1, 8 and 11). Rules only: the asking itself is
// passed in.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "node/bootstrap.h"

namespace keelson::peer {

struct Fetched {
  int status = 0;  // 0: nobody answered
  std::string body;
  std::string cluster_id;  // header X-Etcd-Cluster-ID
};
// GET `path` at a peer URL; blocks up to `timeout`.
using Fetch =
    std::function<Fetched(const std::string& url, const std::string& path, Duration timeout)>;

// The flags of the member that starts.
struct Starter {
  std::string name;
  std::vector<node::BootstrapMember> members;  // --initial-cluster
  std::string cluster_token;
};

// --initial-cluster-state=existing: takes over the ids of the cluster that
// answers. Its members and those of the flags must be the same, compared by
// peer URLs. FailedPrecondition in etcd's words.
Result<node::RunningCluster> find_running_cluster(const Starter& starter, const Fetch& fetch);

// --initial-cluster-state=new: refused when another member knows this one as
// started already: its data directory was lost, and a second cluster must not
// begin beside the living one.
Status check_not_started(const Starter& starter, const Fetch& fetch);

// The versions of the running cluster's members must allow this one.
Status check_versions(const node::RunningCluster& cluster, const Fetch& fetch);

}  // namespace keelson::peer
