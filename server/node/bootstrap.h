// From a data directory to the parts a Core starts with. First boot builds member.tmp/ whole, syncs
// it and renames it, so that a crash leaves either no member or a complete one. Whatever is wrong
// with the directory gets one clear line that says what to do.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "io/fs.h"
#include "node/core.h"

namespace keelson::node {

struct BootstrapMember {
  std::string name;
  std::vector<std::string> peer_urls;
};

// "name=url,name=url2,other=url": a name may repeat, its URLs add up. InvalidArgument names the
// part.
Result<std::vector<BootstrapMember>> parse_initial_cluster(std::string_view text);

// A running cluster as a member finds it that joins.
struct RunningCluster {
  ClusterId cluster;
  MemberId self;
  std::vector<PeerAddress> others;
};

struct BootSettings {
  std::string data_dir;
  std::string wal_dir;  // empty: data_dir/member/wal
  std::string name;
  std::string cluster_token;
  std::vector<BootstrapMember> members;  // --initial-cluster; counts only for an empty directory
  bool join_existing = false;            // --initial-cluster-state=existing; likewise
  // Asked before an empty directory becomes a member; an error refuses the start.
  std::function<Status()> check_first_start;
  // Asked when this member joins, until it has heard of its own addition.
  std::function<Result<RunningCluster>()> find_cluster;
  size_t cache_bytes = 48 * 1024 * 1024;
  const Clock* clock = nullptr;            // for the store's durations; none: not observed
  std::function<void(size_t bytes)> pace;  // rests between pieces of a copy of the store
  bool unsafe_no_sync = false;
  uint64_t segment_bytes = 64 * 1024 * 1024;
  uint32_t wal_salt = 0;
  bool wal_helper_thread = true;
};

struct Booted {
  std::unique_ptr<io::File> lock;  // held for the life of the process
  Opened opened;
};

Result<Booted> boot(io::FileSystem& fs, const BootSettings& settings, Log& log, Registry& metrics);

}  // namespace keelson::node
