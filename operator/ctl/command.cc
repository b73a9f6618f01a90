#include "ctl/command.h"

#include "ctl/go_number.h"

namespace keelson::ctl {
namespace {

void add(std::vector<const FlagSpec*>* out, const std::vector<FlagSpec>& flags) {
  for (const FlagSpec& flag : flags) out->push_back(&flag);
}

Failure list_error(size_t column, const char* why) {
  return {kExitError, "parse error on line 1, column " + std::to_string(column) + ": " + why};
}

// One quoted member; `at` stands behind the opening quote and is moved behind the closing one.
Status take_quoted_member(const std::string& text, size_t* at, std::string* member) {
  constexpr const char* kQuoteError = "extraneous or missing \" in quoted-field";
  while (*at < text.size()) {
    char c = text[(*at)++];
    if (c != '"') {
      member->push_back(c);
      continue;
    }
    bool doubled = *at < text.size() && text[*at] == '"';
    if (!doubled && *at < text.size() && text[*at] != ',') return list_error(*at, kQuoteError);
    if (!doubled) return {};
    member->push_back('"');
    (*at)++;
  }
  return list_error(text.size() + 1, kQuoteError);
}

Status take_bare_member(const std::string& text, size_t* at, std::string* member) {
  size_t end = std::min(text.find(',', *at), text.size());
  *member = text.substr(*at, end - *at);
  size_t quote = member->find('"');
  if (quote != std::string::npos) {
    return list_error(*at + quote + 1, "bare \" in non-quoted-field");
  }
  *at = end;
  return {};
}

}  // namespace

std::string path_name(const CommandPath& path) {
  std::string name;
  for (const Command* command : path) name += (name.empty() ? "" : " ") + command->name;
  return name;
}

std::vector<const FlagSpec*> inherited_flags(const CommandPath& path) {
  std::vector<const FlagSpec*> flags;
  for (size_t i = 0; i + 1 < path.size(); i++) add(&flags, path[i]->shared);
  return flags;
}

std::vector<const FlagSpec*> all_flags(const CommandPath& path) {
  std::vector<const FlagSpec*> flags = inherited_flags(path);
  add(&flags, path.back()->shared);
  add(&flags, path.back()->flags);
  return flags;
}

FlagSpec bool_flag(std::string name, std::string help, bool initial) {
  return {std::move(name), 0, FlagType::kBool, initial ? "true" : "false", std::move(help)};
}

FlagSpec int_flag(std::string name, std::string help, int64_t initial) {
  return {std::move(name), 0, FlagType::kInt, std::to_string(initial), std::move(help)};
}

FlagSpec string_flag(std::string name, std::string help, std::string initial) {
  return {std::move(name), 0, FlagType::kString, std::move(initial), std::move(help)};
}

Result<std::string> canonical_value(const FlagSpec& flag, const std::string& text) {
  switch (flag.type) {
    case FlagType::kBool: {
      Result<bool> value = parse_bool(text);
      if (!value.ok()) return value.failure();
      return std::string(*value ? "true" : "false");
    }
    case FlagType::kInt: {
      Result<int64_t> value = parse_int(text, 0);
      if (!value.ok()) return value.failure();
      return std::to_string(*value);
    }
    case FlagType::kUint: {
      Result<uint64_t> value = parse_uint(text, 0);
      if (!value.ok()) return value.failure();
      return std::to_string(*value);
    }
    case FlagType::kDuration: {
      Result<Duration> value = parse_duration(text);
      if (!value.ok()) return value.failure();
      return std::to_string(value->count());
    }
    case FlagType::kStrings: {
      Result<std::vector<std::string>> list = split_list(text);
      if (!list.ok()) return list.failure();
      return text;
    }
    case FlagType::kString:
      break;
  }
  return text;
}

Result<std::vector<std::string>> split_list(const std::string& text) {
  std::vector<std::string> members;
  size_t at = 0;
  while (!text.empty() && at <= text.size()) {
    std::string member;
    bool quoted = at < text.size() && text[at] == '"';
    if (quoted) at++;
    Status taken =
        quoted ? take_quoted_member(text, &at, &member) : take_bare_member(text, &at, &member);
    if (!taken.ok()) return taken.failure();
    members.push_back(std::move(member));
    at++;
  }
  return members;
}

}  // namespace keelson::ctl
