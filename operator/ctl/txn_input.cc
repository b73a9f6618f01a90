#include "ctl/txn_input.h"

#include "ctl/compare.h"
#include "ctl/help.h"
#include "ctl/invocation.h"
#include "ctl/kv_request.h"
#include "ctl/line_words.h"
#include "ctl/rewrite.h"
#include "ctl/tree.h"

namespace keelson::ctl {
namespace {

Failure invalid(std::string text) { return {kExitInvalidInput, std::move(text)}; }

// The commands that a request line may name, under a root without a name.
Command request_tree() {
  Command root;
  for (Command& command : kv_commands()) {
    bool request = command.name == "get" || command.name == "put" || command.name == "del";
    command.group.clear();
    if (request) root.children.push_back(std::move(command));
  }
  return root;
}

Status set_request(const Invocation& invocation, pb::RequestOp* op) {
  const std::string& name = invocation.path.back()->name;
  if (name == "put") {
    Result<pb::PutRequest> request = put_request(invocation, nullptr);
    if (!request.ok()) return request.failure();
    *op->mutable_request_put() = std::move(*request);
  } else if (name == "get") {
    Result<pb::RangeRequest> request = range_request(invocation);
    if (!request.ok()) return request.failure();
    *op->mutable_request_range() = std::move(*request);
  } else {
    Result<pb::DeleteRangeRequest> request = delete_request(invocation);
    if (!request.ok()) return request.failure();
    *op->mutable_request_delete_range() = std::move(*request);
  }
  return {};
}

class TxnReader {
 public:
  TxnReader(std::istream& input, Console& console)
      : input_(input), console_(console), root_(request_tree()) {}

  Status read_compares(google::protobuf::RepeatedPtrField<pb::Compare>* out) {
    return read_part([&](const std::string& line) -> Status {
      Result<pb::Compare> compare = parse_compare(line);
      if (!compare.ok()) return compare.failure();
      *out->Add() = std::move(*compare);
      return {};
    });
  }

  Status read_requests(google::protobuf::RepeatedPtrField<pb::RequestOp>* out) {
    return read_part([&](const std::string& line) { return read_request(line, out->Add()); });
  }

 private:
  Status read_part(const std::function<Status(const std::string&)>& take) {
    std::string line;
    while (std::getline(input_, line) && !input_.eof()) {
      size_t start = line.find_first_not_of(" \t\r");
      if (start == std::string::npos) return {};
      Status taken = take(line.substr(start, line.find_last_not_of(" \t\r") - start + 1));
      if (!taken.ok()) return taken;
    }
    return invalid("EOF");
  }

  Status read_request(const std::string& line, pb::RequestOp* op) {
    Result<std::vector<std::string>> words = split_words(line);
    if (!words.ok()) return words.failure();
    if (words->size() < 2) return invalid("invalid txn compare request: " + line);
    Rewritten rewritten = rewrite(root_, *words);
    if (rewritten.error || rewritten.line.help || rewritten.line.path.size() < 2) {
      bool flags = rewritten.error && !rewritten.error->unknown_command;
      if (flags) console_.err(usage_text(rewritten.error->path) + "\n");
      return invalid("invalid txn request: " + line);
    }
    CommandLine& parsed = rewritten.line;
    Values values(parsed.path, parsed.settings);
    return set_request({parsed.path, std::move(values), parsed.arguments, {}, console_}, op);
  }

  std::istream& input_;
  Console& console_;
  Command root_;
};

}  // namespace

Result<pb::TxnRequest> read_txn(std::istream& input,
                                const std::function<void(const std::string&)>& prompt,
                                Console& console) {
  pb::TxnRequest request;
  TxnReader reader(input, console);
  prompt("compares:");
  Status compares = reader.read_compares(request.mutable_compare());
  if (!compares.ok()) return compares.failure();
  prompt("success requests (get, put, del):");
  Status success = reader.read_requests(request.mutable_success());
  if (!success.ok()) return success.failure();
  prompt("failure requests (get, put, del):");
  Status otherwise = reader.read_requests(request.mutable_failure());
  if (!otherwise.ok()) return otherwise.failure();
  return request;
}

}  // namespace keelson::ctl
