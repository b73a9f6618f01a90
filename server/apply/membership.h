// Who belongs to the cluster, as the state store knows it (the only place it lives). Changed by
// apply alone; rows are etcd's own JSON, byte for byte (reference etcd-data.md section 3.4). Owner:
// the node thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "mvcc/store.h"

namespace keelson::apply {

struct Member {
  MemberId id;
  std::string name;  // empty: never started
  std::vector<std::string> peer_urls;
  std::vector<std::string> client_urls;
  bool learner = false;
  bool operator==(const Member&) const = default;
};

std::string member_to_json(const Member& member);
// What a ConfChange carries as context: a member, or only an id with the promote flag.
struct MemberChange {
  Member member;
  bool promote = false;
};
std::optional<MemberChange> member_from_json(std::string_view json);
// What /members of the peer port answers: an array, ascending by id. What is no member is left out.
std::string members_to_json(const std::map<MemberId, Member>& members);
std::vector<Member> members_from_json(std::string_view json);

// First 8 bytes of SHA-1 over the sorted peer URLs and `salt` (token at bootstrap, unix seconds at
// add).
MemberId member_id_of(std::vector<std::string> peer_urls, std::string_view salt);
ClusterId cluster_id_of(std::vector<MemberId> bootstrap_members);

class Membership {
 public:
  explicit Membership(mvcc::Store& store) : store_(store) {}

  // Rows of the store at start; false names the row that cannot be read in `bad`.
  bool load(const std::vector<mvcc::Loaded::Row>& rows, std::string* bad);

  const std::map<MemberId, Member>& members() const { return members_; }
  const Member* find(MemberId id) const;
  bool removed(MemberId id) const { return removed_.contains(id); }
  const std::set<MemberId>& removed() const { return removed_; }
  const std::string& cluster_version() const { return cluster_version_; }  // empty: not decided
  bool downgrade_enabled() const { return downgrade_enabled_; }
  const std::string& downgrade_target() const { return downgrade_target_; }

  // Whether the change may take effect now (reference peer.md section 6.4).
  Status check_add(const Member& member, int learners_max) const;
  Status check_promote(MemberId id) const;
  Status check_update(MemberId id, const std::vector<std::string>& peer_urls) const;
  Status check_remove(MemberId id) const;
  // FailedPrecondition when a member other than `id` has one of the URLs.
  Status check_urls(MemberId id, const std::vector<std::string>& peer_urls) const;

  // Inside an entry; checked before.
  void add(const Member& member);
  void promote(MemberId id);
  void update_peer_urls(MemberId id, std::vector<std::string> peer_urls);
  void remove(MemberId id);
  void set_attributes(MemberId id, std::string name, std::vector<std::string> client_urls);
  void set_cluster_version(std::string version);
  void set_downgrade(bool enabled, std::string target);

 private:
  bool load_row(const mvcc::Loaded::Row& row);
  bool load_downgrade(std::string_view json);
  void store_row(const Member& member);

  mvcc::Store& store_;
  std::map<MemberId, Member> members_;
  std::set<MemberId> removed_;
  std::string cluster_version_;
  std::string downgrade_target_;
  bool downgrade_enabled_ = false;
};

}  // namespace keelson::apply
