// The Cluster service. Changes of membership come with the next release; what a one-member cluster
// would refuse is refused with etcd's own words.
#pragma once

#include "rpc/unary.h"

namespace keelson::rpc {

void cluster_member_add(Unary& call, std::string_view request);
void cluster_member_remove(Unary& call, std::string_view request);
void cluster_member_update(Unary& call, std::string_view request);
void cluster_member_list(Unary& call, std::string_view request);
void cluster_member_promote(Unary& call, std::string_view request);

}  // namespace keelson::rpc
