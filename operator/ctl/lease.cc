// lease grant, revoke, timetolive, list and keep-alive.
#include "ctl/commands.h"
#include "ctl/keep_alive.h"
#include "ctl/session.h"

namespace keelson::ctl {
namespace {

Result<int64_t> lease_argument(const std::string& text) {
  Result<int64_t> lease = parse_int(text, 16);
  if (lease.ok()) return lease;
  return bad_args("bad lease ID arg (" + lease.failure().text + "), expecting ID in Hex");
}

Status keep_alive_once(Session& session, int64_t lease) {
  pb::LeaseKeepAliveResponse response;
  RpcStatus status = session.client->keep_alive_once(lease, &response, Deadline());
  if (!status.ok()) return failure(status, kExitBadConnection);
  if (response.ttl() <= 0) {
    return Failure{kExitBadConnection, "etcdserver: requested lease not found"};
  }
  return session.printer->lease_kept(response);
}

Status keep_alive_on(Session& session, int64_t lease, Console& console) {
  Status printed;
  KeepAlive keeper(*session.client, lease, [&](const pb::LeaseKeepAliveResponse& response) {
    printed = session.printer->lease_kept(response);
    return printed.ok();
  });
  keeper.wait();
  if (!printed.ok()) return printed;
  if (session.printer->format() == "simple") {
    console.out("lease " + hex16(static_cast<uint64_t>(lease)) + " expired or revoked.\n");
  }
  return {};
}

}  // namespace

Status run_lease_grant(Invocation& invocation) {
  if (invocation.arguments.size() != 1) return bad_args("lease grant command needs TTL argument");
  Result<int64_t> ttl = parse_int(invocation.arguments[0], 10);
  if (!ttl.ok()) return bad_args("bad TTL (" + ttl.failure().text + ")");
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::LeaseGrantRequest request;
  request.set_ttl(*ttl);
  pb::LeaseGrantResponse response;
  RpcStatus status = session->client->call(request, &response, command_deadline(invocation));
  if (!status.ok()) return Failure{kExitError, "failed to grant lease (" + status.text() + ")"};
  return session->printer->lease_granted(response);
}

Status run_lease_revoke(Invocation& invocation) {
  if (invocation.arguments.size() != 1) return bad_args("lease revoke command needs 1 argument");
  Result<int64_t> lease = lease_argument(invocation.arguments[0]);
  if (!lease.ok()) return lease.failure();
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::LeaseRevokeRequest request;
  request.set_id(*lease);
  pb::LeaseRevokeResponse response;
  RpcStatus status = session->client->call(request, &response, command_deadline(invocation));
  if (!status.ok()) return Failure{kExitError, "failed to revoke lease (" + status.text() + ")"};
  return session->printer->lease_revoked(*lease, response);
}

Status run_lease_timetolive(Invocation& invocation) {
  if (invocation.arguments.size() != 1) {
    return bad_args("lease timetolive command needs lease ID as argument");
  }
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  Result<int64_t> lease = lease_argument(invocation.arguments[0]);
  if (!lease.ok()) return lease.failure();
  pb::LeaseTimeToLiveRequest request;
  request.set_id(*lease);
  request.set_keys(invocation.values.is_on("keys"));
  pb::LeaseTimeToLiveResponse response;
  RpcStatus status = session->client->call(request, &response, Deadline());
  if (!status.ok()) return failure(status, kExitBadConnection);
  return session->printer->lease_life(response, request.keys());
}

Status run_lease_list(Invocation& invocation) {
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::LeaseLeasesResponse response;
  RpcStatus status = session->client->call(pb::LeaseLeasesRequest(), &response, Deadline());
  if (!status.ok()) return failure(status, kExitBadConnection);
  return session->printer->leases(response);
}

Status run_lease_keep_alive(Invocation& invocation) {
  if (invocation.arguments.size() != 1) {
    return bad_args("lease keep-alive command needs lease ID as argument");
  }
  Result<int64_t> lease = lease_argument(invocation.arguments[0]);
  if (!lease.ok()) return lease.failure();
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  if (invocation.values.is_on("once")) return keep_alive_once(*session, *lease);
  return keep_alive_on(*session, *lease, invocation.console);
}

}  // namespace keelson::ctl
