// URLs of flags, checked as etcd checks them, with Go's error texts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/config.h"

namespace keelson::config {

Result<Url> parse_url(std::string_view text);

// A comma list. Sorted by text and without duplicates, as etcd keeps (and shows, and hashes) them.
Result<std::vector<Url>> parse_urls(std::string_view text);

// "a=http://x:1,a=http://y:1,b=http://z:1" as (name, URL) pairs in the order of the text.
Result<std::vector<std::pair<std::string, Url>>> parse_initial_cluster(std::string_view text);

std::string join_urls(const std::vector<Url>& urls);

}  // namespace keelson::config
