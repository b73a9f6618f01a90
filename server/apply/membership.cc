#include "apply/membership.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "io/sha.h"

namespace keelson::apply {
namespace {

using Json = nlohmann::ordered_json;

uint64_t sha1_head(std::string_view in) { return get_u64be(io::sha1(in).data()); }

std::optional<MemberId> parse_hex_id(std::string_view text) {
  uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return MemberId(id);
}

std::vector<std::string> strings_of(const Json& object, const char* key) {
  std::vector<std::string> out;
  const auto it = object.find(key);
  if (it == object.end() || !it->is_array()) return out;
  for (const Json& item : *it)
    if (item.is_string()) out.push_back(item.get<std::string>());
  return out;
}

bool flag_of(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_boolean() && it->get<bool>();
}

}  // namespace

std::string member_to_json(const Member& member) {
  Json json;
  json["id"] = member.id.value;
  json["peerURLs"] = member.peer_urls.empty() ? Json(nullptr) : Json(member.peer_urls);
  if (member.learner) json["isLearner"] = true;
  if (!member.name.empty()) json["name"] = member.name;
  if (!member.client_urls.empty()) json["clientURLs"] = member.client_urls;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<MemberChange> member_from_json(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  const auto id = json.find("id");
  if (id == json.end() || !id->is_number_unsigned()) return std::nullopt;
  MemberChange out;
  out.member.id = MemberId(id->get<uint64_t>());
  out.member.peer_urls = strings_of(json, "peerURLs");
  out.member.client_urls = strings_of(json, "clientURLs");
  out.member.learner = flag_of(json, "isLearner");
  out.promote = flag_of(json, "isPromote");
  if (const auto name = json.find("name"); name != json.end() && name->is_string())
    out.member.name = name->get<std::string>();
  return out;
}

std::string members_to_json(const std::map<MemberId, Member>& members) {
  std::string out = "[";
  for (const auto& [id, member] : members) {
    if (out.size() > 1) out += ',';
    out += member_to_json(member);
  }
  return out + "]";
}

std::vector<Member> members_from_json(std::string_view text) {
  std::vector<Member> out;
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_array()) return out;
  for (const Json& item : json)
    if (auto change = member_from_json(item.dump())) out.push_back(std::move(change->member));
  return out;
}

MemberId member_id_of(std::vector<std::string> peer_urls, std::string_view salt) {
  std::sort(peer_urls.begin(), peer_urls.end());
  std::string text;
  for (const std::string& url : peer_urls) text += url;
  text += salt;
  return MemberId(sha1_head(text));
}

ClusterId cluster_id_of(std::vector<MemberId> bootstrap_members) {
  std::sort(bootstrap_members.begin(), bootstrap_members.end());
  std::string bytes;
  for (const MemberId id : bootstrap_members) put_u64be(bytes, id.value);
  return ClusterId(sha1_head(bytes));
}

bool Membership::load(const std::vector<mvcc::Loaded::Row>& rows, std::string* bad) {
  for (const mvcc::Loaded::Row& row : rows) {
    if (load_row(row)) continue;
    *bad = std::string(mvcc::bucket_name(row.bucket)) + "/" + row.key;
    return false;
  }
  return true;
}

bool Membership::load_row(const mvcc::Loaded::Row& row) {
  if (row.bucket == mvcc::Bucket::kMembers) {
    auto change = member_from_json(row.value);
    if (!change) return false;
    members_[change->member.id] = std::move(change->member);
  } else if (row.bucket == mvcc::Bucket::kMembersRemoved) {
    const auto id = parse_hex_id(row.key);
    if (!id) return false;
    removed_.insert(*id);
  } else if (row.bucket == mvcc::Bucket::kCluster && row.key == "clusterVersion") {
    cluster_version_ = row.value;
  } else if (row.bucket == mvcc::Bucket::kCluster && row.key == "downgrade") {
    return load_downgrade(row.value);
  }
  return true;
}

bool Membership::load_downgrade(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return false;
  downgrade_enabled_ = flag_of(json, "enabled");
  if (const auto target = json.find("target-version"); target != json.end() && target->is_string())
    downgrade_target_ = target->get<std::string>();
  return true;
}

const Member* Membership::find(MemberId id) const {
  const auto it = members_.find(id);
  return it == members_.end() ? nullptr : &it->second;
}

Status Membership::check_urls(MemberId id, const std::vector<std::string>& peer_urls) const {
  for (const auto& [other, member] : members_) {
    if (other == id) continue;
    for (const std::string& url : peer_urls)
      if (std::find(member.peer_urls.begin(), member.peer_urls.end(), url) !=
          member.peer_urls.end())
        return Status(Code::kFailedPrecondition, "etcdserver: Peer URLs already exists");
  }
  return Status();
}

Status Membership::check_add(const Member& member, int learners_max) const {
  if (removed(member.id)) return Status(Code::kNotFound, "etcdserver: member not found");
  if (find(member.id) != nullptr)
    return Status(Code::kFailedPrecondition, "etcdserver: member ID already exist");
  if (Status s = check_urls(member.id, member.peer_urls); !s.ok()) return s;
  const auto learners = std::count_if(members_.begin(), members_.end(),
                                      [](const auto& entry) { return entry.second.learner; });
  if (member.learner && learners >= learners_max)
    return Status(Code::kFailedPrecondition, "etcdserver: too many learner members in cluster");
  return Status();
}

Status Membership::check_promote(MemberId id) const {
  const Member* member = find(id);
  if (member == nullptr) return Status(Code::kNotFound, "etcdserver: member not found");
  if (!member->learner)
    return Status(Code::kFailedPrecondition, "etcdserver: can only promote a learner member");
  return Status();
}

Status Membership::check_update(MemberId id, const std::vector<std::string>& peer_urls) const {
  if (find(id) == nullptr) return Status(Code::kNotFound, "etcdserver: member not found");
  return check_urls(id, peer_urls);
}

Status Membership::check_remove(MemberId id) const {
  if (find(id) == nullptr) return Status(Code::kNotFound, "etcdserver: member not found");
  return Status();
}

void Membership::store_row(const Member& member) {
  store_.put_row(mvcc::Bucket::kMembers, hex(member.id.value), member_to_json(member));
}

void Membership::add(const Member& member) {
  members_[member.id] = member;
  store_row(member);
}

void Membership::promote(MemberId id) {
  Member& member = members_.at(id);
  member.learner = false;
  store_row(member);
}

void Membership::update_peer_urls(MemberId id, std::vector<std::string> peer_urls) {
  Member& member = members_.at(id);
  member.peer_urls = std::move(peer_urls);
  store_row(member);
}

void Membership::remove(MemberId id) {
  members_.erase(id);
  removed_.insert(id);
  store_.erase_row(mvcc::Bucket::kMembers, hex(id.value));
  store_.put_row(mvcc::Bucket::kMembersRemoved, hex(id.value), "removed");
}

void Membership::set_attributes(MemberId id, std::string name,
                                std::vector<std::string> client_urls) {
  const auto it = members_.find(id);
  if (it == members_.end()) {
    // A member that left may still have had this in flight; anything else is a foreign log.
    CHECK(removed(id));
    return;
  }
  it->second.name = std::move(name);
  it->second.client_urls = std::move(client_urls);
  store_row(it->second);
}

void Membership::set_cluster_version(std::string version) {
  cluster_version_ = std::move(version);
  store_.put_row(mvcc::Bucket::kCluster, "clusterVersion", cluster_version_);
}

void Membership::set_downgrade(bool enabled, std::string target) {
  downgrade_enabled_ = enabled;
  downgrade_target_ = enabled ? std::move(target) : std::string();
  Json json;
  json["target-version"] = downgrade_target_;
  json["enabled"] = downgrade_enabled_;
  store_.put_row(mvcc::Bucket::kCluster, "downgrade", json.dump());
}

}  // namespace keelson::apply
