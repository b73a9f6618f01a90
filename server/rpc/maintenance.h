// The Maintenance service's unary methods.
#pragma once

#include "rpc/unary.h"

namespace keelson::rpc {

void maintenance_alarm(Unary& call, std::string_view request);
void maintenance_status(Unary& call, std::string_view request);
void maintenance_defragment(Unary& call, std::string_view request);
void maintenance_hash(Unary& call, std::string_view request);
void maintenance_hash_kv(Unary& call, std::string_view request);
void maintenance_move_leader(Unary& call, std::string_view request);
void maintenance_downgrade(Unary& call, std::string_view request);

}  // namespace keelson::rpc
