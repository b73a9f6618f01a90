// The Auth service while auth cannot be turned on: its state is told, nothing changes it.
#pragma once

#include "rpc/unary.h"

namespace keelson::rpc {

void auth_status(Unary& call, std::string_view request);
void auth_authenticate(Unary& call, std::string_view request);
// User, role and enable methods.
void auth_not_yet(Unary& call, std::string_view request);

}  // namespace keelson::rpc
