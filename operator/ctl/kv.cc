// get, put, del and compaction.
#include <iostream>

#include "ctl/commands.h"
#include "ctl/kv_request.h"
#include "ctl/session.h"

namespace keelson::ctl {
namespace {

// The printer for get: its flags allow only some formats, and only once the answer is there.
Result<std::unique_ptr<Printer>> get_printer(const Invocation& invocation, Session& session) {
  bool values_only = invocation.values.is_on("print-value-only");
  std::string format = session.printer->format();
  if (invocation.values.is_on("count-only") && format != "fields") {
    return bad_args("--count-only is only for `--write-out=fields`");
  }
  if (!values_only) return std::move(session.printer);
  if (format != "simple") return bad_args("print-value-only is only for `--write-out=simple`");
  PrinterOptions options = {invocation.values.is_on("hex"), true};
  return make_simple_printer(options, invocation.console);
}

}  // namespace

Status run_get(Invocation& invocation) {
  Result<pb::RangeRequest> request = range_request(invocation);
  if (!request.ok()) return request.failure();
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  Deadline deadline = command_deadline(invocation);
  pb::RangeResponse response;
  RpcStatus status = invocation.values.is_on("stream")
                         ? session->client->range_stream(*request, &response, deadline)
                         : session->client->call(*request, &response, deadline);
  if (!status.ok()) return failure(status);
  Result<std::unique_ptr<Printer>> printer = get_printer(invocation, *session);
  if (!printer.ok()) return printer.failure();
  return (*printer)->range(response);
}

Status run_put(Invocation& invocation) {
  Result<pb::PutRequest> request = put_request(invocation, &std::cin);
  if (!request.ok()) return request.failure();
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::PutResponse response;
  RpcStatus status = session->client->call(*request, &response, command_deadline(invocation));
  if (!status.ok()) return failure(status);
  return session->printer->put(response);
}

Status run_del(Invocation& invocation) {
  Result<pb::DeleteRangeRequest> request = delete_request(invocation);
  if (!request.ok()) return request.failure();
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::DeleteRangeResponse response;
  RpcStatus status = session->client->call(*request, &response, command_deadline(invocation));
  if (!status.ok()) return failure(status);
  return session->printer->remove(response);
}

Status run_compaction(Invocation& invocation) {
  if (invocation.arguments.size() != 1) return bad_args("compaction command needs 1 argument");
  Result<int64_t> revision = parse_int(invocation.arguments[0], 10);
  if (!revision.ok()) return revision.failure();
  pb::CompactionRequest request;
  request.set_revision(*revision);
  request.set_physical(invocation.values.is_on("physical"));
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::CompactionResponse response;
  RpcStatus status = session->client->call(request, &response, command_deadline(invocation));
  if (!status.ok()) return failure(status);
  invocation.console.out("compacted revision " + std::to_string(*revision) + "\n");
  return {};
}

}  // namespace keelson::ctl
