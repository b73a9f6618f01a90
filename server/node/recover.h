// From what recovery found to the state a Core starts with. Used by its constructor only.
#pragma once

#include "node/core.h"

namespace keelson::node {

// The log behind the store's applied index; conf from the members bucket at that index.
raft::Start raft_start(const Opened& opened);
// Above every id that an entry of this member in the log can carry, so that an old proposal never
// answers a new waiter: member (16 bits), milliseconds at start (40 bits), counter.
uint64_t first_request_id(const Opened& opened, const Clock& clock);
// Leases (with their keys), members, alarms from the rows that the store loaded.
void restore_small_tables(const mvcc::Loaded& loaded, lease::Lessor& lessor,
                          apply::Membership& membership, apply::Alarms& alarms);

}  // namespace keelson::node
