#include "ctl/completion.h"

#include <functional>
#include <map>

#include "ctl/printers/rows.h"

namespace keelson::ctl {
namespace {

std::vector<std::string> child_names(const Command& command) {
  std::vector<std::string> names = command.choices;
  for (const Command& child : command.children) names.push_back(child.name);
  return names;
}

std::vector<std::string> flag_names(const CommandPath& path) {
  std::vector<std::string> names;
  for (const FlagSpec* flag : all_flags(path)) {
    names.push_back("--" + flag->name);
    if (flag->shorthand != 0) names.push_back(std::string("-") + flag->shorthand);
  }
  names.push_back("--help");
  return names;
}

// The command below the root as one word: `lease grant`; empty for the root.
std::string inner_name(const CommandPath& path) {
  CommandPath inner(path.begin() + 1, path.end());
  return path_name(inner);
}

void each_path(const CommandPath& path, const std::function<void(const CommandPath&)>& visit) {
  visit(path);
  for (const Command& child : path.back()->children) {
    CommandPath deeper = path;
    deeper.push_back(&child);
    each_path(deeper, visit);
  }
}

// All flags that take a value, with the words to offer for it. The first use of a name decides.
std::map<std::string, std::vector<std::string>> value_flags(const Command& root) {
  std::map<std::string, std::vector<std::string>> out;
  each_path({&root}, [&](const CommandPath& path) {
    for (const FlagSpec* flag : all_flags(path)) {
      if (flag->type == FlagType::kBool) continue;
      out.emplace("--" + flag->name, flag->choices);
      if (flag->shorthand != 0) out.emplace(std::string("-") + flag->shorthand, flag->choices);
    }
  });
  return out;
}

// `case` branches of the shells that know one: NAME) VARIABLE="words" ;;
std::string word_cases(const Command& root,
                       const std::function<std::vector<std::string>(const CommandPath&)>& words,
                       const std::string& variable) {
  std::string out;
  each_path({&root}, [&](const CommandPath& path) {
    out +=
        "    '" + inner_name(path) + "') " + variable + "=\"" + join(words(path), " ") + "\" ;;\n";
  });
  return out;
}

std::string choice_cases(const Command& root, const std::string& variable) {
  std::string out;
  for (const auto& [name, choices] : value_flags(root)) {
    if (choices.empty()) continue;
    out += "    " + name + ") " + variable + "=\"" + join(choices, " ") + "\"; return ;;\n";
  }
  return out;
}

std::vector<std::string> value_flag_names(const Command& root) {
  std::vector<std::string> names;
  for (const auto& [name, choices] : value_flags(root)) names.push_back(name);
  return names;
}

// The part that bash and zsh share: sets `candidates` to what may follow the words before the
// cursor. It walks those words down the tree and skips the values of flags.
std::string shared_shell_functions(const Command& root) {
  return R"(__etcdctl_children() {
  children=""
  case "$1" in
)" +
         word_cases(
             root, [](const CommandPath& path) { return child_names(*path.back()); }, "children") +
         R"(  esac
}
__etcdctl_flags() {
  flags=""
  case "$1" in
)" + word_cases(root, flag_names, "flags") +
         R"(  esac
}
__etcdctl_choices() {
  choices=""
  case "$1" in
)" + choice_cases(root, "choices") +
         R"(  esac
}
__etcdctl_candidates() {
  local current="$1" command="" previous="" word children flags choices
  shift
  for word in "$@"; do
    case "$previous" in
      )" +
         join(value_flag_names(root), "|") +
         R"() previous=""; continue ;;
    esac
    previous="$word"
    case "$word" in
      -*) continue ;;
    esac
    __etcdctl_children "$command"
    case " $children " in
      *" $word "*) command="${command:+$command }$word" ;;
    esac
  done
  __etcdctl_choices "$previous"
  __etcdctl_children "$command"
  __etcdctl_flags "$command"
  if [ -n "$choices" ]; then
    candidates="$choices"
  elif [ "${current#-}" != "$current" ]; then
    candidates="$flags"
  else
    candidates="$children"
  fi
}
)";
}

// Text in single quotes for fish.
std::string fish_quote(const std::string& text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string fish_condition(const CommandPath& path) {
  return "'__etcdctl_at " + (path.size() == 1 ? "\"\"" : inner_name(path)) + "'";
}

std::string fish_flag(const FlagSpec& flag) {
  std::string out = " -l " + flag.name;
  if (flag.shorthand != 0) out += std::string(" -s ") + flag.shorthand;
  if (flag.type != FlagType::kBool) out += " -x";
  if (!flag.choices.empty()) out += " -a " + fish_quote(join(flag.choices, " "));
  return out + " -d " + fish_quote(flag.help) + "\n";
}

// A PowerShell hash table from each command's name to a list of words.
std::string powershell_table(
    const Command& root, const std::function<std::vector<std::string>(const CommandPath&)>& words) {
  std::string out = "@{\n";
  each_path({&root}, [&](const CommandPath& path) {
    out += "    '" + inner_name(path) + "' = '" + join(words(path), " ") + "'\n";
  });
  return out + "  }\n";
}

std::string powershell_choices(const Command& root) {
  std::string out = "@{\n";
  for (const auto& [name, choices] : value_flags(root)) {
    out += "    '" + name + "' = '" + join(choices, " ") + "'\n";
  }
  return out + "  }\n";
}

}  // namespace

std::string bash_completion(const Command& root) {
  return "# bash completion for etcdctl\n" + shared_shell_functions(root) +
         R"(__etcdctl_complete() {
  local candidates="" current="${COMP_WORDS[COMP_CWORD]}"
  __etcdctl_candidates "$current" "${COMP_WORDS[@]:1:COMP_CWORD-1}"
  COMPREPLY=($(compgen -W "$candidates" -- "$current"))
}
complete -o default -F __etcdctl_complete etcdctl
)";
}

std::string zsh_completion(const Command& root) {
  return "#compdef etcdctl\n" + shared_shell_functions(root) +
         R"(_etcdctl() {
  local candidates="" current="${words[CURRENT]}"
  __etcdctl_candidates "$current" "${(@)words[2,CURRENT-1]}"
  compadd -- ${=candidates}
}
if [ "$funcstack[1]" = "_etcdctl" ]; then
  _etcdctl "$@"
else
  compdef _etcdctl etcdctl
fi
)";
}

std::string fish_completion(const Command& root) {
  std::string out = R"(# fish completion for etcdctl
function __etcdctl_at
  set -l path
  set -l skip 0
  for word in (commandline -opc)[2..-1]
    if test $skip = 1
      set skip 0
    else if contains -- $word )" +
                    join(value_flag_names(root), " ") + R"(
      set skip 1
    else if not string match -q -- '-*' $word
      set path $path $word
    end
  end
  test "$path" = "$argv"
end
complete -c etcdctl -f
)";
  each_path({&root}, [&](const CommandPath& path) {
    std::string start = "complete -c etcdctl -n " + fish_condition(path);
    for (const Command& child : path.back()->children) {
      out += start + " -a " + child.name + " -d " + fish_quote(child.brief) + "\n";
    }
    for (const std::string& choice : path.back()->choices) out += start + " -a " + choice + "\n";
    for (const FlagSpec* flag : all_flags(path)) out += start + fish_flag(*flag);
  });
  return out;
}

std::string powershell_completion(const Command& root) {
  return "# powershell completion for etcdctl\n"
         "Register-ArgumentCompleter -Native -CommandName etcdctl -ScriptBlock {\n"
         "  param($current, $line, $cursor)\n"
         "  $children = " +
         powershell_table(root, [](const CommandPath& path) { return child_names(*path.back()); }) +
         "  $flags = " + powershell_table(root, flag_names) +
         "  $choices = " + powershell_choices(root) +
         R"(  $command = ''
  $previous = ''
  foreach ($element in ($line.CommandElements | Select-Object -Skip 1)) {
    if ($element.Extent.EndOffset -ge $cursor) { break }
    $word = $element.ToString()
    if ($choices.ContainsKey($previous)) { $previous = ''; continue }
    $previous = $word
    if ($word.StartsWith('-')) { continue }
    if ($children[$command].Split(' ') -contains $word) { $command = "$command $word".Trim() }
  }
  if ($choices[$previous]) { $offered = $choices[$previous] }
  elseif ($current.StartsWith('-')) { $offered = $flags[$command] }
  else { $offered = $children[$command] }
  $offered.Split(' ') | Where-Object { $_ -and $_.StartsWith($current) }
}
)";
}

}  // namespace keelson::ctl
