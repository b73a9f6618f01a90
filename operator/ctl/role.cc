// role add, delete, get, list, grant-permission and revoke-permission.
#include "ctl/commands.h"
#include "ctl/key_range.h"
#include "ctl/session.h"

namespace keelson::ctl {
namespace {

const std::string kOpenEnd(1, '\0');
constexpr const char* kExclusive = "--from-key and --prefix flags are mutually exclusive";

struct KeyRange {
  std::string key;
  std::string end;
};

// The keys that a permission is for; `words` are the key and, perhaps, the end.
Result<KeyRange> permission_range(const Values& values, const std::vector<std::string>& words) {
  bool prefix = values.is_on("prefix");
  bool from_key = values.is_on("from-key");
  const std::string& key = words[0];
  bool end_given = words.size() > 1;
  if (prefix && from_key && (key.empty() || !end_given)) return bad_args(kExclusive);
  if (key.empty()) return KeyRange{kOpenEnd, prefix || from_key ? kOpenEnd : ""};
  if (end_given && prefix) return bad_args("unexpected endkey argument with --prefix flag");
  if (end_given && from_key) return bad_args("unexpected endkey argument with --from-key flag");
  if (prefix) return KeyRange{key, prefix_end(key)};
  if (from_key) return KeyRange{key, kOpenEnd};
  return KeyRange{key, end_given ? words[1] : ""};
}

Result<authpb::Permission::Type> permission_type(const std::string& text) {
  std::string name = text;
  for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  authpb::Permission::Type type;
  if (authpb::Permission::Type_Parse(name, &type)) return type;
  return bad_args("invalid permission type: " + text);
}

std::string revoked_line(const std::string& role, const std::string& key, const std::string& end) {
  std::string what = "range [" + key + ", " + (end == kOpenEnd ? "<open ended>" : end + ")");
  if (end.empty()) what = "key " + key;
  return "Permission of " + what + " is revoked from role " + role;
}

}  // namespace

Status run_role_add(Invocation& invocation) {
  if (invocation.arguments.size() != 1) {
    return bad_args("role add command requires role name as its argument");
  }
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::AuthRoleAddRequest request;
  request.set_name(invocation.arguments[0]);
  pb::AuthRoleAddResponse response;
  RpcStatus status = session->client->call(request, &response, Deadline());
  if (!status.ok()) return failure(status);
  return session->printer->confirm(response, "Role " + request.name() + " created",
                                   FieldsForm::kHeader);
}

Status run_role_delete(Invocation& invocation) {
  if (invocation.arguments.size() != 1) {
    return bad_args("role delete command requires role name as its argument");
  }
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::AuthRoleDeleteRequest request;
  request.set_role(invocation.arguments[0]);
  pb::AuthRoleDeleteResponse response;
  RpcStatus status = session->client->call(request, &response, Deadline());
  if (!status.ok()) return failure(status);
  return session->printer->confirm(response, "Role " + request.role() + " deleted",
                                   FieldsForm::kHeader);
}

Status run_role_get(Invocation& invocation) {
  if (invocation.arguments.size() != 1) {
    return bad_args("role get command requires role name as its argument");
  }
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::AuthRoleGetRequest request;
  request.set_role(invocation.arguments[0]);
  pb::AuthRoleGetResponse response;
  RpcStatus status = session->client->call(request, &response, Deadline());
  if (!status.ok()) return failure(status);
  return session->printer->role(request.role(), response);
}

Status run_role_list(Invocation& invocation) {
  if (!invocation.arguments.empty()) return bad_args("role list command requires no arguments");
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::AuthRoleListResponse response;
  RpcStatus status = session->client->call(pb::AuthRoleListRequest(), &response, Deadline());
  if (!status.ok()) return failure(status);
  return session->printer->roles(response);
}

Status run_role_grant_permission(Invocation& invocation) {
  const auto& arguments = invocation.arguments;
  if (arguments.size() < 3) {
    return bad_args(
        "role grant command requires role name, permission type, and key [endkey] as its "
        "argument");
  }
  Result<authpb::Permission::Type> type = permission_type(arguments[1]);
  if (!type.ok()) return type.failure();
  Result<KeyRange> range =
      permission_range(invocation.values, {arguments.begin() + 2, arguments.end()});
  if (!range.ok()) return range.failure();
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::AuthRoleGrantPermissionRequest request;
  request.set_name(arguments[0]);
  request.mutable_perm()->set_permtype(*type);
  request.mutable_perm()->set_key(range->key);
  request.mutable_perm()->set_range_end(range->end);
  pb::AuthRoleGrantPermissionResponse response;
  RpcStatus status = session->client->call(request, &response, Deadline());
  if (!status.ok()) return failure(status);
  return session->printer->confirm(response, "Role " + arguments[0] + " updated",
                                   FieldsForm::kHeader);
}

Status run_role_revoke_permission(Invocation& invocation) {
  const auto& arguments = invocation.arguments;
  if (arguments.size() < 2) {
    return bad_args(
        "role revoke-permission command requires role name and key [endkey] as its argument");
  }
  Result<KeyRange> range =
      permission_range(invocation.values, {arguments.begin() + 1, arguments.end()});
  if (!range.ok()) return range.failure();
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::AuthRoleRevokePermissionRequest request;
  request.set_role(arguments[0]);
  request.set_key(range->key);
  request.set_range_end(range->end);
  pb::AuthRoleRevokePermissionResponse response;
  RpcStatus status = session->client->call(request, &response, Deadline());
  if (!status.ok()) return failure(status);
  return session->printer->confirm(response, revoked_line(arguments[0], arguments[1], range->end),
                                   FieldsForm::kHeader);
}

}  // namespace keelson::ctl
