// Answers to clients, encoded by hand: a header in front, stored KeyValue bytes copied once behind
// it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace keelson::apply {

// What the answering member puts into every ResponseHeader.
struct HeaderFacts {
  ClusterId cluster;
  MemberId member;
  Term term;
};

// Appends field 1 (header) of any response message.
void put_header(std::string& out, const HeaderFacts& facts, Revision revision);
// The header of a response nested in a transaction: only the revision.
void put_nested_header(std::string& out, Revision revision);
// A response that is nothing but a header (put, compact, lease revoke, ...).
std::string header_only(const HeaderFacts& facts, Revision revision);

}  // namespace keelson::apply
