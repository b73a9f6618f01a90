// grpc.health.v1: the service "" is known and serves.
#pragma once

#include <memory>

#include "rpc/unary.h"

namespace keelson::rpc {

void health_check(Unary& call, std::string_view request);
void health_list(Unary& call, std::string_view request);
std::unique_ptr<Handler> make_health_watch(Call& call);

}  // namespace keelson::rpc
