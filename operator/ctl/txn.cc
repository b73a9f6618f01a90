// txn.
#include <iostream>

#include "ctl/commands.h"
#include "ctl/session.h"
#include "ctl/txn_input.h"

namespace keelson::ctl {

Status run_txn(Invocation& invocation) {
  if (!invocation.arguments.empty()) return bad_args("txn command does not accept argument");
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  bool prompts = invocation.values.is_on("interactive");
  auto prompt = [&](const std::string& title) {
    if (prompts) invocation.console.out(title + "\n");
  };
  Result<pb::TxnRequest> request = read_txn(std::cin, prompt, invocation.console);
  if (!request.ok()) return request.failure();
  pb::TxnResponse response;
  RpcStatus status = session->client->call(*request, &response, Deadline());
  if (!status.ok()) return failure(status);
  return session->printer->txn(response);
}

}  // namespace keelson::ctl
