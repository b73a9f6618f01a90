#include "config/flag_table.h"

#include <algorithm>

#include "base/duration.h"
#include "config/url.h"
#include "config/values.h"

namespace keelson::config {
namespace {

Status bad(std::string text) { return Status(Code::kInvalidArgument, std::move(text)); }

// From text to the place a row names. Texts of errors are Go's.
struct TextInto {
  Settings& settings;
  const std::string& text;

  Status operator()(TextSetter set) const { return set(settings, text); }
  Status operator()(BoolSetter set) const {
    const auto value = parse_bool(text);
    if (value.ok()) set(settings, *value);
    return value.status();
  }
  Status operator()(Place<std::string> place) const {
    place(settings) = text;
    return Status();
  }
  Status operator()(Place<bool> place) const { return store(place, parse_bool(text)); }
  Status operator()(Place<int64_t> place) const { return store(place, parse_int(text)); }
  Status operator()(Place<uint64_t> place) const { return store(place, parse_uint(text)); }
  Status operator()(Place<int> place) const {
    const auto value = parse_int(text);
    if (value.ok() && (*value > INT32_MAX || *value < INT32_MIN)) return bad("value out of range");
    return store(place, value);
  }
  Status operator()(Place<uint32_t> place) const {
    const std::string lead = "strconv.ParseUint: parsing " + quote(text) + ": ";
    const auto value = parse_uint(text);
    if (!value.ok() && value.status().code() == Code::kInvalidArgument)
      return bad(lead + "invalid syntax");
    if (!value.ok() || *value > UINT32_MAX) return bad(lead + "value out of range");
    return store(place, value);
  }
  Status operator()(Place<Duration> place) const {
    const auto value = parse_duration(text);
    if (!value) return bad("parse error");
    place(settings) = *value;
    return Status();
  }
  Status operator()(Place<std::chrono::milliseconds> place) const {
    const auto value = parse_uint(text);
    if (value.ok() && *value > INT32_MAX) return bad("value out of range");
    if (value.ok()) place(settings) = std::chrono::milliseconds(*value);
    return value.status();
  }
  Status operator()(Place<std::vector<std::string>> place) const {
    place(settings) = text.empty() ? std::vector<std::string>() : split(text, ',');
    return Status();
  }
  // Nothing in the text leaves what was there, as in etcd.
  Status operator()(Place<std::vector<Url>> place) const {
    if (trim(text).empty()) return Status();
    auto urls = parse_urls(text);
    if (urls.ok()) place(settings) = std::move(*urls);
    return urls.status();
  }

 private:
  template <typename T, typename V>
  Status store(Place<T> place, const Result<V>& value) const {
    if (value.ok()) place(settings) = static_cast<T>(*value);
    return value.status();
  }
};

}  // namespace

const std::vector<const Flag*>& all_flags() {
  static const std::vector<const Flag*> all = [] {
    std::vector<const Flag*> flags;
    for (const auto some : {member_flags(), clustering_flags(), security_flags(),
                            observation_flags(), feature_flags(), hidden_flags()})
      for (const Flag& flag : some) flags.push_back(&flag);
    std::sort(flags.begin(), flags.end(), [](auto* a, auto* b) { return a->name < b->name; });
    return flags;
  }();
  return all;
}

const Flag* find_flag(std::string_view name) {
  const auto& all = all_flags();
  const auto it =
      std::lower_bound(all.begin(), all.end(), name,
                       [](const Flag* flag, std::string_view n) { return flag->name < n; });
  return it != all.end() && (*it)->name == name ? *it : nullptr;
}

std::optional<std::string> nearest_flag(std::string_view name) {
  size_t best = std::max<size_t>(1, name.size() / 4) + 1;
  std::optional<std::string> found;
  for (const Flag* flag : all_flags()) {
    if (flag->group == Group::kHidden) continue;
    const size_t distance = edit_distance(name, flag->name);
    if (distance >= best) continue;
    best = distance;
    found = flag->name;
  }
  return found;
}

Status set_flag(const Flag& flag, Settings& settings, const std::string& text) {
  if (Status set = std::visit(TextInto{settings, text}, flag.target); !set.ok()) return set;
  settings.given[std::string(flag.name)] = text;
  return Status();
}

}  // namespace keelson::config
