// Versions as members compare them: major and minor count.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace keelson::node {

struct Version {
  int major = 0;
  int minor = 0;
  auto operator<=>(const Version&) const = default;
  std::string text() const;  // "3.7.0"
};

// "3.7", "3.7.1", "3.7.0-rc.1".
std::optional<Version> parse_version(std::string_view text);

// From the body of a member's /version: its own version, its cluster's. Nothing when it is not
// there or cannot be read ("not_decided").
std::optional<Version> server_version_in(std::string_view json);
std::optional<Version> cluster_version_in(std::string_view json);

// One round of questions by a leader.
struct VersionPoll {
  Term term;
  int open = 0;
  bool silent = false;  // a member gave no answer, or one that cannot be read
  std::optional<Version> lowest;
};

}  // namespace keelson::node
