// member add, remove, update, list and promote.
#include "ctl/commands.h"
#include "ctl/go_quote.h"
#include "ctl/kv_request.h"
#include "ctl/peer_urls.h"
#include "ctl/printers/rows.h"
#include "ctl/session.h"

namespace keelson::ctl {
namespace {

Result<uint64_t> member_argument(const std::vector<std::string>& arguments) {
  if (arguments.size() != 1) return bad_args("member ID is not provided");
  Result<uint64_t> id = parse_uint(arguments[0], 16);
  if (id.ok()) return id;
  return bad_args("bad member ID arg (" + id.failure().text + "), expecting ID in Hex");
}

std::vector<std::string> split_urls(const std::string& text) {
  std::vector<std::string> urls;
  size_t at = 0;
  while (true) {
    size_t comma = text.find(',', at);
    urls.push_back(text.substr(at, comma - at));
    if (comma == std::string::npos) return urls;
    at = comma + 1;
  }
}

// `%16x`: padded with blanks.
std::string padded_hex(uint64_t value) {
  std::string digits = hex(value);
  return std::string(16 - digits.size(), ' ') + digits;
}

template <class Response>
std::string change_line(uint64_t id, const char* change, const Response& response) {
  return "Member " + padded_hex(id) + change + padded_hex(response.header().cluster_id());
}

bool starts_like_http(const std::string& text) {
  std::string start = text.substr(0, 4);
  for (char& c : start) c = static_cast<char>(c | 0x20);
  return start == "http";
}

Status check_add(const Invocation& invocation) {
  const auto& arguments = invocation.arguments;
  if (arguments.empty()) return bad_args("member name not provided");
  if (arguments.size() > 1) {
    std::string text = "too many arguments";
    for (const std::string& each : arguments) {
      if (starts_like_http(each)) text += ", did you mean --peer-urls=" + each;
    }
    return bad_args(text);
  }
  if (invocation.values.text("peer-urls").empty()) return bad_args("member peer urls not provided");
  return {};
}

// The settings with which the new member is started.
std::string member_settings(const std::string& name, const std::string& urls,
                            const pb::MemberAddResponse& response) {
  std::vector<std::string> cluster;
  for (const pb::Member& member : response.members()) {
    bool added = member.id() == response.member().id();
    for (const std::string& url : member.peerurls()) {
      cluster.push_back((added ? name : member.name()) + "=" + url);
    }
  }
  return "\nETCD_NAME=" + go_quote(name) +
         "\nETCD_INITIAL_CLUSTER=" + go_quote(join(cluster, ",")) +
         "\nETCD_INITIAL_ADVERTISE_PEER_URLS=" + go_quote(urls) +
         "\nETCD_INITIAL_CLUSTER_STATE=\"existing\"\n";
}

}  // namespace

Status run_member_add(Invocation& invocation) {
  Status checked = check_add(invocation);
  if (!checked.ok()) return checked;
  std::string urls = invocation.values.text("peer-urls");
  pb::MemberAddRequest request;
  for (const std::string& url : split_urls(urls)) request.add_peerurls(url);
  request.set_islearner(invocation.values.is_on("learner"));
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  Status valid = check_peer_urls(split_urls(urls));
  if (!valid.ok()) return valid;
  pb::MemberAddResponse response;
  RpcStatus status = session->client->call(request, &response, command_deadline(invocation));
  if (!status.ok()) return failure(status);
  bool learner = response.member().islearner();
  const char* change = learner ? " added as learner to cluster " : " added to cluster ";
  Status printed = session->printer->confirm(
      response, change_line(response.member().id(), change, response), FieldsForm::kNone);
  if (printed.ok() && session->printer->format() == "simple") {
    invocation.console.out(member_settings(invocation.arguments[0], urls, response));
  }
  return printed;
}

Status run_member_remove(Invocation& invocation) {
  Result<uint64_t> id = member_argument(invocation.arguments);
  if (!id.ok()) return id.failure();
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::MemberRemoveRequest request;
  request.set_id(*id);
  pb::MemberRemoveResponse response;
  RpcStatus status = session->client->call(request, &response, command_deadline(invocation));
  if (!status.ok()) return failure(status);
  return session->printer->confirm(response, change_line(*id, " removed from cluster ", response),
                                   FieldsForm::kNone);
}

Status run_member_update(Invocation& invocation) {
  Result<uint64_t> id = member_argument(invocation.arguments);
  if (!id.ok()) return id.failure();
  std::string urls = invocation.values.text("peer-urls");
  if (urls.empty()) return bad_args("member peer urls not provided");
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  Status valid = check_peer_urls(split_urls(urls));
  if (!valid.ok()) return valid;
  pb::MemberUpdateRequest request;
  request.set_id(*id);
  for (const std::string& url : split_urls(urls)) request.add_peerurls(url);
  pb::MemberUpdateResponse response;
  RpcStatus status = session->client->call(request, &response, command_deadline(invocation));
  if (!status.ok()) return failure(status);
  return session->printer->confirm(response, change_line(*id, " updated in cluster ", response),
                                   FieldsForm::kNone);
}

Status run_member_list(Invocation& invocation) {
  Result<bool> serializable = is_serializable(invocation.values.text("consistency"));
  if (!serializable.ok()) return serializable.failure();
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::MemberListRequest request;
  request.set_linearizable(!*serializable);
  pb::MemberListResponse response;
  RpcStatus status = session->client->call(request, &response, command_deadline(invocation));
  if (!status.ok()) return failure(status);
  return session->printer->members(response);
}

Status run_member_promote(Invocation& invocation) {
  Result<uint64_t> id = member_argument(invocation.arguments);
  if (!id.ok()) return id.failure();
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::MemberPromoteRequest request;
  request.set_id(*id);
  pb::MemberPromoteResponse response;
  RpcStatus status = session->client->call(request, &response, command_deadline(invocation));
  if (!status.ok()) return failure(status);
  return session->printer->confirm(response, change_line(*id, " promoted in cluster ", response),
                                   FieldsForm::kNone);
}

}  // namespace keelson::ctl
