// user add, delete, get, list, passwd, grant-role and revoke-role.
#include <iostream>

#include "ctl/commands.h"
#include "ctl/session.h"

namespace keelson::ctl {
namespace {

Failure ask_failure(const Failure& failure) {
  return bad_args("failed to ask password: " + failure.text);
}

// A new password, typed twice.
Result<std::string> ask_new_password(Console& console, const std::string& user) {
  Result<std::string> first = ask_password(console, "Password of " + user + ": ");
  if (!first.ok()) return ask_failure(first.failure());
  if (first->empty()) return bad_args("empty password");
  Result<std::string> second =
      ask_password(console, "Type password of " + user + " again for confirmation: ");
  if (!second.ok()) return ask_failure(second.failure());
  if (*first != *second) return bad_args("given passwords are different");
  return *first;
}

Result<std::string> read_new_password(const Invocation& invocation, const std::string& user) {
  if (invocation.values.is_on("interactive")) return ask_new_password(invocation.console, user);
  std::string word;
  std::cin >> word;
  return word;
}

Result<Credentials> new_user(const Invocation& invocation) {
  const Values& values = invocation.values;
  const std::string& argument = invocation.arguments[0];
  if (values.is_on("no-password")) return Credentials{argument, ""};
  std::string given = values.text("new-user-password");
  if (!given.empty()) return Credentials{argument, given};
  size_t colon = argument.find(':');
  if (colon == 0) return bad_args("empty user name is not allowed");
  if (colon != std::string::npos) {
    return Credentials{argument.substr(0, colon), argument.substr(colon + 1)};
  }
  Result<std::string> password = read_new_password(invocation, argument);
  if (!password.ok()) return password.failure();
  return Credentials{argument, *password};
}

Status show_detail(Session& session, const std::string& name,
                   const pb::AuthUserGetResponse& response, Console& console) {
  console.out("User: " + name + "\n");
  for (const std::string& role : response.roles()) {
    console.out("\n");
    pb::AuthRoleGetRequest request;
    request.set_role(role);
    pb::AuthRoleGetResponse detail;
    RpcStatus status = session.client->call(request, &detail, Deadline());
    if (!status.ok()) return failure(status);
    Status printed = session.printer->role(role, detail);
    if (!printed.ok()) return printed;
  }
  return {};
}

}  // namespace

Status run_user_add(Invocation& invocation) {
  if (invocation.arguments.size() != 1) {
    return bad_args("user add command requires user name as its argument");
  }
  Result<Credentials> user = new_user(invocation);
  if (!user.ok()) return user.failure();
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::AuthUserAddRequest request;
  request.set_name(user->user);
  request.set_password(user->password);
  request.mutable_options()->set_no_password(invocation.values.is_on("no-password"));
  pb::AuthUserAddResponse response;
  RpcStatus status = session->client->call(request, &response, Deadline());
  if (!status.ok()) return failure(status);
  return session->printer->confirm(response, "User " + user->user + " created",
                                   FieldsForm::kHeader);
}

Status run_user_delete(Invocation& invocation) {
  if (invocation.arguments.size() != 1) {
    return bad_args("user delete command requires user name as its argument");
  }
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::AuthUserDeleteRequest request;
  request.set_name(invocation.arguments[0]);
  pb::AuthUserDeleteResponse response;
  RpcStatus status = session->client->call(request, &response, Deadline());
  if (!status.ok()) return failure(status);
  return session->printer->confirm(response, "User " + request.name() + " deleted",
                                   FieldsForm::kHeader);
}

Status run_user_get(Invocation& invocation) {
  if (invocation.arguments.size() != 1) {
    return bad_args("user get command requires user name as its argument");
  }
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  const std::string& name = invocation.arguments[0];
  pb::AuthUserGetRequest request;
  request.set_name(name);
  pb::AuthUserGetResponse response;
  RpcStatus status = session->client->call(request, &response, Deadline());
  if (!status.ok()) return failure(status);
  if (!invocation.values.is_on("detail")) return session->printer->user(name, response);
  return show_detail(*session, name, response, invocation.console);
}

Status run_user_list(Invocation& invocation) {
  if (!invocation.arguments.empty()) return bad_args("user list command requires no arguments");
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::AuthUserListResponse response;
  RpcStatus status = session->client->call(pb::AuthUserListRequest(), &response, Deadline());
  if (!status.ok()) return failure(status);
  return session->printer->users(response);
}

Status run_user_passwd(Invocation& invocation) {
  if (invocation.arguments.size() != 1) {
    return bad_args("user passwd command requires user name as its argument");
  }
  const std::string& name = invocation.arguments[0];
  Result<std::string> password = read_new_password(invocation, name);
  if (!password.ok()) return password.failure();
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::AuthUserChangePasswordRequest request;
  request.set_name(name);
  request.set_password(*password);
  pb::AuthUserChangePasswordResponse response;
  RpcStatus status = session->client->call(request, &response, Deadline());
  if (!status.ok()) return failure(status);
  return session->printer->confirm(response, "Password updated", FieldsForm::kHeader);
}

Status run_user_grant_role(Invocation& invocation) {
  if (invocation.arguments.size() != 2) {
    return bad_args("user grant command requires user name and role name as its argument");
  }
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::AuthUserGrantRoleRequest request;
  request.set_user(invocation.arguments[0]);
  request.set_role(invocation.arguments[1]);
  pb::AuthUserGrantRoleResponse response;
  RpcStatus status = session->client->call(request, &response, Deadline());
  if (!status.ok()) return failure(status);
  return session->printer->confirm(
      response, "Role " + request.role() + " is granted to user " + request.user(),
      FieldsForm::kHeader);
}

Status run_user_revoke_role(Invocation& invocation) {
  if (invocation.arguments.size() != 2) {
    return bad_args("user revoke-role requires user name and role name as its argument");
  }
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::AuthUserRevokeRoleRequest request;
  request.set_name(invocation.arguments[0]);
  request.set_role(invocation.arguments[1]);
  pb::AuthUserRevokeRoleResponse response;
  RpcStatus status = session->client->call(request, &response, Deadline());
  if (!status.ok()) return failure(status);
  return session->printer->confirm(
      response, "Role " + request.role() + " is revoked from user " + request.name(),
      FieldsForm::kHeader);
}

}  // namespace keelson::ctl
