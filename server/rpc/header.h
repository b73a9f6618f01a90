// The header of a response that the services make themselves.
#pragma once

#include <string>

#include "base/ids.h"
#include "base/wire.h"
#include "node/request.h"

namespace keelson::rpc {

// Appends ResponseHeader as field 1. A revision of 0 leaves it out, as etcd does where it says so.
inline void put_header(std::string& out, const node::Facts& facts, Revision revision) {
  std::string header;
  wire::put_uint(header, 1, facts.cluster.value);
  wire::put_uint(header, 2, facts.member.value);
  wire::put_int(header, 3, revision.value);
  wire::put_uint(header, 4, facts.term.value);
  wire::put_message(out, 1, header);
}

}  // namespace keelson::rpc
