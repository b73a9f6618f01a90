#include "ctl/rewrite.h"

#include <algorithm>
#include <cctype>
#include <numeric>

#include "ctl/go_quote.h"

namespace keelson::ctl {
namespace {

const FlagSpec* find_flag(const CommandPath& path, const std::string& name) {
  for (const FlagSpec* flag : all_flags(path)) {
    if (flag->name == name) return flag;
  }
  return nullptr;
}

const FlagSpec* find_shorthand(const CommandPath& path, char shorthand) {
  for (const FlagSpec* flag : all_flags(path)) {
    if (flag->shorthand == shorthand) return flag;
  }
  return nullptr;
}

bool is_flag_like(const std::string& token) { return token.size() > 1 && token[0] == '-'; }

// `-keys-only` and `-limit=3`: one dash before the full name of a flag this command takes. A name
// wins over a cluster of shorthands; one letter is always a shorthand.
bool is_one_dash_name(const CommandPath& path, const std::string& token) {
  if (token.size() < 3 || token[0] != '-' || token[1] == '-') return false;
  std::string name = token.substr(1, token.find('=') - 1);
  return name.size() > 1 && (name == "help" || find_flag(path, name) != nullptr);
}

// Whether the flag in this token takes the next token as its value while commands are looked for.
bool takes_next(const CommandPath& path, const std::string& token) {
  if (token.find('=') != std::string::npos) return false;
  if (token.starts_with("--") || is_one_dash_name(path, token)) {
    std::string name = token.substr(token.starts_with("--") ? 2 : 1);
    const FlagSpec* flag = find_flag(path, name);
    return name != "help" && (flag == nullptr || flag->type != FlagType::kBool);
  }
  if (token.size() != 2 || token == "-h") return false;
  const FlagSpec* flag = find_shorthand(path, token[1]);
  return flag == nullptr || flag->type != FlagType::kBool;
}

// The place of the first token that is no flag and no flag's value.
std::optional<size_t> first_word(const CommandPath& path, const std::vector<std::string>& args) {
  for (size_t i = 0; i < args.size(); i++) {
    if (args[i] == "--") return std::nullopt;
    if (is_flag_like(args[i])) {
      if (!takes_next(path, args[i])) continue;
      if (i + 2 >= args.size()) return std::nullopt;
      i++;
    } else if (!args[i].empty() && args[i][0] != '-') {
      return i;
    }
  }
  return std::nullopt;
}

bool starts_with_fold(const std::string& text, const std::string& prefix) {
  if (prefix.size() > text.size()) return false;
  return std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  });
}

// Edits between two names, without regard to case.
size_t distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); i++) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); j++) {
      bool same = std::tolower(static_cast<unsigned char>(a[i])) ==
                  std::tolower(static_cast<unsigned char>(b[j]));
      size_t next = std::min({row[j] + 1, row[j + 1] + 1, diagonal + (same ? 0 : 1)});
      diagonal = row[j + 1];
      row[j + 1] = next;
    }
  }
  return row.back();
}

// Takes flags and arguments apart for one known command.
class FlagReader {
 public:
  FlagReader(const CommandPath& path, const std::vector<std::string>& args) : args_(args) {
    out_.line.path = path;
  }

  Rewritten read() {
    while (at_ < args_.size() && !out_.error) {
      const std::string& token = args_[at_++];
      if (token == "--") {
        out_.line.arguments.insert(out_.line.arguments.end(),
                                   args_.begin() + static_cast<std::ptrdiff_t>(at_), args_.end());
        break;
      }
      if (!is_flag_like(token)) {
        out_.line.arguments.push_back(token);
      } else if (token[1] == '-') {
        read_long(token, token.substr(2));
      } else if (is_one_dash_name(out_.line.path, token)) {
        read_long("-" + token, token.substr(1));
      } else {
        read_shorthands(token.substr(1));
      }
    }
    return std::move(out_);
  }

 private:
  void fail(std::string text) { out_.error = UsageError{std::move(text), out_.line.path, false}; }

  void read_long(const std::string& token, const std::string& body) {
    if (body.front() == '-' || body.front() == '=') return fail("bad flag syntax: " + token);
    size_t equals = body.find('=');
    std::string name = body.substr(0, equals);
    const FlagSpec* flag = find_flag(out_.line.path, name);
    if (flag == nullptr && name == "help") return read_help(equals, body);
    if (flag == nullptr) return fail("unknown flag: --" + name);
    if (equals != std::string::npos) return set(*flag, body.substr(equals + 1));
    if (flag->type == FlagType::kBool) return set(*flag, "true");
    if (at_ == args_.size()) return fail("flag needs an argument: " + token);
    set(*flag, args_[at_++]);
  }

  void read_help(size_t equals, const std::string& body) {
    static const FlagSpec kHelp = {"help", 'h', FlagType::kBool, "false", ""};
    std::string value = equals == std::string::npos ? "true" : body.substr(equals + 1);
    Result<std::string> checked = canonical_value(kHelp, value);
    if (!checked.ok()) return refuse(kHelp, value, checked.failure().text);
    out_.line.help = *checked == "true";
  }

  void read_shorthands(std::string cluster) {
    while (!cluster.empty() && !out_.error) {
      const FlagSpec* flag = find_shorthand(out_.line.path, cluster[0]);
      if (flag == nullptr && cluster[0] == 'h') {
        out_.line.help = true;
      } else if (flag == nullptr) {
        fail("unknown shorthand flag: " + go_quote_char(static_cast<unsigned char>(cluster[0])) +
             " in -" + cluster);
      } else {
        cluster = set_shorthand(*flag, cluster);
        continue;
      }
      cluster.erase(0, 1);
    }
  }

  // Sets the flag at the start of the cluster and returns what is left of the cluster.
  std::string set_shorthand(const FlagSpec& flag, const std::string& cluster) {
    if (cluster.size() > 2 && cluster[1] == '=') {
      set(flag, cluster.substr(2));
    } else if (flag.type == FlagType::kBool) {
      set(flag, "true");
      return cluster.substr(1);
    } else if (cluster.size() > 1) {
      set(flag, cluster.substr(1));
    } else if (at_ < args_.size()) {
      set(flag, args_[at_++]);
    } else {
      fail("flag needs an argument: " + go_quote_char(static_cast<unsigned char>(cluster[0])) +
           " in -" + cluster);
    }
    return "";
  }

  void refuse(const FlagSpec& flag, const std::string& value, const std::string& why) {
    std::string name = "--" + flag.name;
    if (flag.shorthand != 0) name = std::string("-") + flag.shorthand + ", " + name;
    fail("invalid argument " + go_quote(value) + " for " + go_quote(name) + " flag: " + why);
  }

  void set(const FlagSpec& flag, const std::string& value) {
    Result<std::string> checked = canonical_value(flag, value);
    if (!checked.ok()) return refuse(flag, value, checked.failure().text);
    auto [place, first] = out_.line.settings.emplace(flag.name, *checked);
    if (first) return;
    bool both = flag.type == FlagType::kStrings && !place->second.empty() && !checked->empty();
    place->second = both ? place->second + "," + *checked : *checked;
  }

  const std::vector<std::string>& args_;
  size_t at_ = 0;
  Rewritten out_;
};

UsageError unknown_command(const Command& root, const std::string& name) {
  std::string text = "unknown command " + go_quote(name) + " for " + go_quote(root.name);
  std::vector<std::string> meant = suggestions(root, name);
  if (!meant.empty()) {
    text += "\n\nDid you mean this?\n";
    for (const std::string& command : meant) text += "\t" + command + "\n";
  }
  return {std::move(text), {&root}, true};
}

// Checks the arguments of the commands that take only listed words.
std::optional<UsageError> check_rule(const CommandLine& line) {
  const Command& command = *line.path.back();
  if (command.rule == ArgumentRule::kAny || line.help) return std::nullopt;
  if (line.arguments.size() != 1) {
    return UsageError{"accepts 1 arg(s), received " + std::to_string(line.arguments.size()),
                      line.path, false};
  }
  const std::string& word = line.arguments[0];
  const auto& choices = command.choices;
  if (std::find(choices.begin(), choices.end(), word) != choices.end()) return std::nullopt;
  return UsageError{"invalid argument " + go_quote(word) + " for " + go_quote(path_name(line.path)),
                    line.path, false};
}

}  // namespace

const Command* find_child(const Command& parent, const std::string& name) {
  const Command* only = nullptr;
  size_t matches = 0;
  for (const Command& child : parent.children) {
    if (child.name == name) return &child;
    if (!child.name.starts_with(name)) continue;
    only = &child;
    matches++;
  }
  return matches == 1 ? only : nullptr;
}

std::vector<std::string> suggestions(const Command& parent, const std::string& name) {
  constexpr size_t kEditsMax = 2;
  std::vector<std::string> names;
  for (const Command& child : parent.children) {
    if (child.name == "help") continue;  // cobra never offers it
    if (distance(name, child.name) <= kEditsMax || starts_with_fold(child.name, name)) {
      names.push_back(child.name);
    }
  }
  return names;
}

Rewritten rewrite(const Command& root, const std::vector<std::string>& args) {
  CommandPath path = {&root};
  std::vector<std::string> rest = args;
  while (!path.back()->children.empty()) {
    std::optional<size_t> word = first_word(path, rest);
    if (!word) break;
    const Command* child = find_child(*path.back(), rest[*word]);
    if (child == nullptr && path.size() == 1) {
      return {{}, unknown_command(root, rest[*word])};
    }
    if (child == nullptr) break;
    path.push_back(child);
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(*word));
  }
  return rewrite_flags(path, rest);
}

Rewritten rewrite_flags(const CommandPath& path, const std::vector<std::string>& args) {
  Rewritten out = FlagReader(path, args).read();
  if (!out.error) out.error = check_rule(out.line);
  return out;
}

}  // namespace keelson::ctl
