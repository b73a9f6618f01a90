#include "node/v2_tree.h"

#include <cstdio>
#include <utility>

#include "base/bytes.h"

namespace keelson::node {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
      out += code;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string list(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? "," : "") + quoted(text);
  return out + "]";
}

using Children = std::vector<std::pair<std::string, std::string>>;  // name, node

std::string node(const std::string& path, std::string_view value, const std::string& children) {
  return "{\"Path\":" + quoted(path) +
         ",\"CreatedIndex\":0,\"ModifiedIndex\":0,\"ExpireTime\":\"0001-01-01T00:00:00Z\","
         "\"Value\":" +
         quoted(value) + ",\"Children\":" + children + "}";
}

std::string leaf(const std::string& path, std::string_view value) {
  return node(path, value, "null");
}

std::string directory(const std::string& path, const Children& children) {
  std::string inner = "{";
  for (const auto& [name, child] : children)
    inner += (inner.size() > 1 ? "," : "") + quoted(name) + ":" + child;
  return node(path, "", inner + "}");
}

std::string member_directory(const etcdfile::MemberRecord& member) {
  const std::string path = "/0/members/" + hex(member.id.value);
  std::string raft = "{\"peerURLs\":" + list(member.peer_urls);
  if (member.learner) raft += ",\"isLearner\":true";
  Children children = {{"raftAttributes", leaf(path + "/raftAttributes", raft + "}")}};
  if (!member.name.empty()) {
    std::string attributes = "{\"name\":" + quoted(member.name);
    if (!member.client_urls.empty()) attributes += ",\"clientURLs\":" + list(member.client_urls);
    children.emplace_back("attributes", leaf(path + "/attributes", attributes + "}"));
  }
  return directory(path, children);
}

}  // namespace

std::string v2_tree(const std::vector<etcdfile::MemberRecord>& members,
                    const std::vector<MemberId>& removed, const std::string& cluster_version) {
  Children alive;
  for (const etcdfile::MemberRecord& member : members)
    alive.emplace_back(hex(member.id.value), member_directory(member));
  Children gone;
  for (const MemberId id : removed)
    gone.emplace_back(hex(id.value), leaf("/0/removed_members/" + hex(id.value), ""));
  Children zero = {{"members", directory("/0/members", alive)}};
  if (!gone.empty()) zero.emplace_back("removed_members", directory("/0/removed_members", gone));
  if (!cluster_version.empty()) zero.emplace_back("version", leaf("/0/version", cluster_version));
  const std::string root =
      directory("/", {{"0", directory("/0", zero)}, {"1", directory("/1", {})}});
  return "{\"Root\":" + root +
         ",\"WatcherHub\":{\"EventHistory\":{\"Queue\":{\"Events\":null,\"Size\":0,\"Front\":0,"
         "\"Back\":0,\"Capacity\":1000},\"StartIndex\":0,\"LastIndex\":0}},\"CurrentIndex\":0,"
         "\"Stats\":{},\"CurrentVersion\":2}";
}

}  // namespace keelson::node
