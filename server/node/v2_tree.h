// Snapshot.data of a MsgSnap: the membership as etcd's old v2 store dumped itself. Members of 3.7
// ignore it, 3.5 and 3.6 load it and stop when it does not parse (reference peer.md section 7).
#pragma once

#include <string>
#include <vector>

#include "base/ids.h"
#include "etcdfile/contents.h"

namespace keelson::node {

std::string v2_tree(const std::vector<etcdfile::MemberRecord>& members,
                    const std::vector<MemberId>& removed, const std::string& cluster_version);

}  // namespace keelson::node
