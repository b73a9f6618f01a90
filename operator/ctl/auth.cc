// auth enable, disable and status.
#include "ctl/commands.h"
#include "ctl/session.h"

namespace keelson::ctl {
namespace {

// The role that the switch to authentication needs, given to the user root.
RpcStatus make_root_role(Client& client, Deadline deadline) {
  pb::AuthRoleAddRequest add;
  add.set_name("root");
  pb::AuthRoleAddResponse added;
  RpcStatus status = client.call(add, &added, deadline);
  if (!status.ok()) return status;
  pb::AuthUserGrantRoleRequest grant;
  grant.set_user("root");
  grant.set_role("root");
  pb::AuthUserGrantRoleResponse granted;
  return client.call(grant, &granted, deadline);
}

RpcStatus enable(Client& client, Deadline deadline) {
  pb::AuthEnableResponse response;
  RpcStatus status = client.call(pb::AuthEnableRequest(), &response, deadline);
  if (status.message != "etcdserver: root user does not have root role") return status;
  status = make_root_role(client, deadline);
  if (!status.ok()) return status;
  return client.call(pb::AuthEnableRequest(), &response, deadline);
}

}  // namespace

Status run_auth_enable(Invocation& invocation) {
  if (!invocation.arguments.empty()) {
    return bad_args("auth enable command does not accept any arguments");
  }
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  RpcStatus status = enable(*session->client, command_deadline(invocation));
  if (!status.ok()) return failure(status);
  invocation.console.out("Authentication Enabled\n");
  return {};
}

Status run_auth_disable(Invocation& invocation) {
  if (!invocation.arguments.empty()) {
    return bad_args("auth disable command does not accept any arguments");
  }
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::AuthDisableResponse response;
  RpcStatus status =
      session->client->call(pb::AuthDisableRequest(), &response, command_deadline(invocation));
  if (!status.ok()) return failure(status);
  invocation.console.out("Authentication Disabled\n");
  return {};
}

Status run_auth_status(Invocation& invocation) {
  if (!invocation.arguments.empty()) {
    return bad_args("auth status command does not accept any arguments");
  }
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::AuthStatusResponse response;
  RpcStatus status =
      session->client->call(pb::AuthStatusRequest(), &response, command_deadline(invocation));
  if (!status.ok()) return failure(status);
  return session->printer->auth_status(response);
}

}  // namespace keelson::ctl
