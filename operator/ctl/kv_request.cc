#include "ctl/kv_request.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <thread>

#include "ctl/go_quote.h"
#include "ctl/key_range.h"

namespace keelson::ctl {
namespace {

constexpr const char* kPrefixOrFromKey =
    "`--prefix` and `--from-key` cannot be set at the same time, choose one";
constexpr const char* kOneArgumentOnly =
    "too many arguments, only accept one argument when `--prefix` or `--from-key` is set";
constexpr const char* kPutArguments =
    "put command needs 1 argument and input from stdin or 2 arguments";
constexpr std::chrono::seconds kRegretTime{2};

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

Result<pb::RangeRequest::SortOrder> sort_order(const std::string& text) {
  std::string name = upper(text);
  if (name.empty()) return pb::RangeRequest::NONE;
  if (name == "ASCEND") return pb::RangeRequest::ASCEND;
  if (name == "DESCEND") return pb::RangeRequest::DESCEND;
  return Failure{kExitBadFeature, "bad sort order " + text};
}

Result<pb::RangeRequest::SortTarget> sort_target(const std::string& text) {
  std::string name = upper(text);
  if (name.empty() || name == "KEY") return pb::RangeRequest::KEY;
  if (name == "CREATE") return pb::RangeRequest::CREATE;
  if (name == "MODIFY") return pb::RangeRequest::MOD;
  if (name == "VALUE") return pb::RangeRequest::VALUE;
  if (name == "VERSION") return pb::RangeRequest::VERSION;
  return Failure{kExitBadFeature, "bad sort target " + text};
}

Status set_sorting(const Values& values, pb::RangeRequest* request) {
  Result<pb::RangeRequest::SortOrder> order = sort_order(values.text("order"));
  if (!order.ok()) return order.failure();
  Result<pb::RangeRequest::SortTarget> target = sort_target(values.text("sort-by"));
  if (!target.ok()) return target.failure();
  request->set_sort_target(*target);
  // Keys come in ascending order anyway, and a server that is asked to sort reads all of them
  // before it applies the limit.
  bool as_stored = *target == pb::RangeRequest::KEY && *order == pb::RangeRequest::ASCEND;
  request->set_sort_order(as_stored ? pb::RangeRequest::NONE : *order);
  return {};
}

// Reads a pair of bounds; the upper one must not be below the lower one.
Status read_bounds(const Values& values, const std::string& what, const std::string& shown,
                   int64_t* lower, int64_t* upper_bound) {
  *lower = std::max<int64_t>(values.integer("min-" + what), 0);
  *upper_bound = std::max<int64_t>(values.integer("max-" + what), 0);
  int64_t given = values.integer("min-" + what);
  if (*upper_bound == 0 || given <= *upper_bound) return {};
  return Failure{kExitBadFeature, "getMin" + shown + "(=" + std::to_string(given) + ") > getMax" +
                                      shown + "(=" + std::to_string(*upper_bound) + ")"};
}

Status set_filters(const Values& values, pb::RangeRequest* request) {
  int64_t lower = 0;
  int64_t upper_bound = 0;
  Status created = read_bounds(values, "create-rev", "CreateRev", &lower, &upper_bound);
  if (!created.ok()) return created;
  request->set_min_create_revision(lower);
  request->set_max_create_revision(upper_bound);
  Status modified = read_bounds(values, "mod-rev", "ModRev", &lower, &upper_bound);
  if (!modified.ok()) return modified;
  request->set_min_mod_revision(lower);
  request->set_max_mod_revision(upper_bound);
  return {};
}

Result<std::string> read_value(const std::vector<std::string>& arguments, std::istream* input) {
  if (arguments.size() > 1) return arguments[1];
  if (input == nullptr) return bad_args(kPutArguments);
  std::string value(std::istreambuf_iterator<char>(*input), {});
  if (value.empty()) return bad_args(kPutArguments);
  return value;
}

void warn_and_wait(const Invocation& invocation) {
  const auto& arguments = invocation.arguments;
  invocation.console.err("Warning: Keys between " + go_quote(arguments[0]) + " and " +
                         go_quote(arguments[1]) +
                         " will be deleted. Please interrupt the command within next 2 seconds to "
                         "cancel. You can provide `--range` flag to avoid the delay.\n");
  std::this_thread::sleep_for(kRegretTime);
}

}  // namespace

Result<bool> is_serializable(const std::string& consistency) {
  if (consistency == "s") return true;
  if (consistency == "l") return false;
  return Failure{kExitBadFeature, "unknown consistency flag " + go_quote(consistency)};
}

Result<pb::RangeRequest> range_request(const Invocation& invocation) {
  const Values& values = invocation.values;
  const auto& arguments = invocation.arguments;
  bool prefix = values.is_on("prefix");
  bool from_key = values.is_on("from-key");
  if (arguments.empty()) {
    return bad_args("get command needs one argument as key and an optional argument as range_end");
  }
  if (prefix && from_key) return bad_args(kPrefixOrFromKey);
  if (values.is_on("keys-only") && values.is_on("count-only")) {
    return bad_args("`--keys-only` and `--count-only` cannot be set at the same time, choose one");
  }
  Result<bool> serializable = is_serializable(values.text("consistency"));
  if (!serializable.ok()) return serializable.failure();
  if (arguments.size() > 1 && (prefix || from_key)) return bad_args(kOneArgumentOnly);

  pb::RangeRequest request;
  request.set_key(arguments[0]);
  if (arguments.size() > 1) request.set_range_end(arguments[1]);
  Status sorting = set_sorting(values, &request);
  if (!sorting.ok()) return sorting.failure();
  Status filters = set_filters(values, &request);
  if (!filters.ok()) return filters.failure();
  if (prefix) make_prefix_range(&request);
  if (from_key) make_open_range(&request);
  request.set_serializable(*serializable);
  request.set_limit(values.integer("limit"));
  request.set_revision(std::max<int64_t>(values.integer("rev"), 0));
  request.set_keys_only(values.is_on("keys-only"));
  request.set_count_only(values.is_on("count-only"));
  return request;
}

Result<pb::PutRequest> put_request(const Invocation& invocation, std::istream* input) {
  const Values& values = invocation.values;
  const auto& arguments = invocation.arguments;
  bool keep_value = values.is_on("ignore-value");
  if (arguments.empty()) return bad_args(kPutArguments);
  if (keep_value && arguments.size() > 1) {
    return bad_args("put command needs only 1 argument when 'ignore-value' is set");
  }
  pb::PutRequest request;
  request.set_key(arguments[0]);
  if (!keep_value) {
    Result<std::string> value = read_value(arguments, input);
    if (!value.ok()) return value.failure();
    request.set_value(*value);
  }
  Result<int64_t> lease = parse_int(values.text("lease"), 16);
  if (!lease.ok()) {
    return bad_args("bad lease ID (" + lease.failure().text + "), expecting ID in Hex");
  }
  request.set_lease(*lease);
  request.set_prev_kv(values.is_on("prev-kv"));
  request.set_ignore_value(keep_value);
  request.set_ignore_lease(values.is_on("ignore-lease"));
  return request;
}

Result<pb::DeleteRangeRequest> delete_request(const Invocation& invocation) {
  const Values& values = invocation.values;
  const auto& arguments = invocation.arguments;
  bool prefix = values.is_on("prefix");
  bool from_key = values.is_on("from-key");
  if (arguments.empty() || arguments.size() > 2) {
    return bad_args("del command needs one argument as key and an optional argument as range_end");
  }
  if (prefix && from_key) return bad_args(kPrefixOrFromKey);
  if (arguments.size() > 1 && (prefix || from_key)) return bad_args(kOneArgumentOnly);
  pb::DeleteRangeRequest request;
  request.set_key(arguments[0]);
  if (arguments.size() > 1) {
    request.set_range_end(arguments[1]);
    if (!values.is_on("range")) warn_and_wait(invocation);
  }
  if (prefix) make_prefix_range(&request);
  if (from_key) make_open_range(&request);
  request.set_prev_kv(values.is_on("prev-kv"));
  return request;
}

}  // namespace keelson::ctl
