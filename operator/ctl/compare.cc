#include "ctl/compare.h"

#include <optional>
#include <string_view>

#include "ctl/go_number.h"
#include "ctl/go_quote.h"

namespace keelson::ctl {
namespace {

namespace pb = etcdserverpb;

Failure invalid(std::string text) { return {kExitInvalidInput, std::move(text)}; }

void skip_blanks(std::string_view* text) {
  while (!text->empty() && (text->front() == ' ' || text->front() == '\t')) text->remove_prefix(1);
}

// What stands behind the parenthesis; `parts` says how many of the three were readable.
struct Operands {
  std::string key;
  std::string operation;
  std::string value;
  int parts = 0;
};

Operands scan_operands(std::string_view text) {
  Operands out;
  std::optional<std::string> key = go_scan_quoted(&text);
  if (!key) return out;
  out.key = *key;
  out.parts = 1;
  if (text.empty() || text.front() != ')') return out;
  text.remove_prefix(1);
  if (text.empty() || (text.front() != ' ' && text.front() != '\t')) return out;
  skip_blanks(&text);
  size_t end = std::min(text.find_first_of(" \t"), text.size());
  out.operation = std::string(text.substr(0, end));
  if (out.operation.empty()) return out;
  out.parts = 2;
  text.remove_prefix(end);
  std::optional<std::string> value = go_scan_quoted(&text);
  if (!value) return out;
  out.value = *value;
  out.parts = 3;
  return out;
}

Status set_result(const std::string& line, const std::string& operation, pb::Compare* compare) {
  if (operation == "=") {
    compare->set_result(pb::Compare::EQUAL);
  } else if (operation == "!=") {
    compare->set_result(pb::Compare::NOT_EQUAL);
  } else if (operation == "<") {
    compare->set_result(pb::Compare::LESS);
  } else if (operation == ">") {
    compare->set_result(pb::Compare::GREATER);
  } else {
    return invalid("malformed comparison: " + line + " (unknown operator " + operation + ")");
  }
  return {};
}

bool is_one_of(const std::string& text, std::string_view brief, std::string_view full) {
  return text == brief || text == full;
}

Status set_operand(const std::string& line, const std::string& target, const std::string& value,
                   pb::Compare* compare) {
  if (is_one_of(target, "val", "value")) {
    compare->set_target(pb::Compare::VALUE);
    compare->set_value(value);
    return {};
  }
  // Leases are given in hexadecimal everywhere else in this program.
  Result<int64_t> number = parse_int(value, target == "lease" ? 16 : 10);
  if (is_one_of(target, "ver", "version")) {
    compare->set_target(pb::Compare::VERSION);
    if (number.ok()) compare->set_version(*number);
  } else if (is_one_of(target, "c", "create")) {
    compare->set_target(pb::Compare::CREATE);
    if (number.ok()) compare->set_create_revision(*number);
  } else if (is_one_of(target, "m", "mod")) {
    compare->set_target(pb::Compare::MOD);
    if (number.ok()) compare->set_mod_revision(*number);
  } else if (target == "lease") {
    compare->set_target(pb::Compare::LEASE);
    if (number.ok()) compare->set_lease(*number);
  } else {
    return invalid("malformed comparison: " + line + " (unknown target " + target + ")");
  }
  if (!number.ok()) return invalid("invalid txn compare request: " + line);
  return {};
}

}  // namespace

Result<pb::Compare> parse_compare(const std::string& line) {
  size_t open = line.find('(');
  if (open == std::string::npos) return invalid("malformed comparison: " + line);
  std::string target = line.substr(0, open);
  Operands operands = scan_operands(std::string_view(line).substr(open + 1));
  if (operands.parts != 3) {
    return invalid("malformed comparison: " + line + "; got " + target + "(" +
                   go_quote(operands.key) + ") " + operands.operation + " " +
                   go_quote(operands.value));
  }
  pb::Compare compare;
  compare.set_key(operands.key);
  Status operand = set_operand(line, target, operands.value, &compare);
  if (!operand.ok()) return operand.failure();
  Status result = set_result(line, operands.operation, &compare);
  if (!result.ok()) return result.failure();
  return compare;
}

}  // namespace keelson::ctl
